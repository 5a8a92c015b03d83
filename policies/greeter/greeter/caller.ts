import { policy } from "meshwright";
import { greeter, workloads } from "#graph/greeter";

export default policy(workloads.caller, { uses: [greeter] });
