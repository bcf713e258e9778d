// Devices: drawn anew by the server as the gateway speaks (every ten seconds), and at once with an alarm.

import { refreshOn } from "./refresh.js";

refreshOn("alarms", "house", "snapshot");
