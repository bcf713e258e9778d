// Health: drawn anew by the server as the gateway says how it is (every ten seconds).

import { refreshOn } from "./refresh.js";

refreshOn("alarms", "house", "snapshot");
