import { interactive } from "./interactive.ts";

interactive();
