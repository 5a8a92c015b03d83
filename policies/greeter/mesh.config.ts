import { mesh } from "meshwright";

export default mesh({
  folders: { greeter: ["greeter"] },
  defaults: { mtls: "strict", access: "nobody" },
});
