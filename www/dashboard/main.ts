import { apply, current } from "adit-ui/theme.ts";

import "./board.ts";

apply(current());
