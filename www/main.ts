import "./elements/app.ts";
import { apply, current } from "./theme.ts";

apply(current());
