import { apply, current } from "adit-ui/theme.ts";

import "./app.ts";

apply(current());
