import "./dashboard/board.ts";
import { apply, current } from "./theme.ts";

apply(current());
