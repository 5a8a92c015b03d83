import { interactive } from "../interactive.ts";
import { stateListeners } from "./state.ts";
import { tryListeners } from "./try.ts";

interactive();
tryListeners();
stateListeners();
