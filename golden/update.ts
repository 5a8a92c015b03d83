/** `npm run golden`: writes what the examples compile to; read the difference before you commit it. */
import { update } from "./goldens.ts";

await update();
