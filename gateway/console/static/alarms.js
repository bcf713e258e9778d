// Alarms: drawn anew by the server, which knows what this seat may see.

import { refreshOn } from "./refresh.js";

refreshOn("alarms", "snapshot");
