"""An esp-rfid 2.0 reader as far as its list goes, after src/mqtt.esp and src/rfid.esp at 56c0fb9.

`adduser` writes the message itself to the disk, `getuserlist` sends the files back one by one,
acknowledgements carry no number and come also where the disk was full.
"""

import json
from datetime import datetime

UID_MAX = 19


class FakeEspRfid:
    """A reader. `loses_acks` are swallowed, `is_full` writes nothing to the disk."""

    def __init__(self, hostname: str, ip: str) -> None:
        self.hostname, self.ip = hostname, ip
        self.files: dict[str, str] = {}
        self.loses_acks = 0
        self.is_full = False

    def enrol(self, uid: str, acctype: int = 1) -> None:
        """Somebody used the reader's own page."""
        file = {"command": "userfile", "uid": uid, "user": "Somebody", "acctype": acctype}
        self.files[uid[:UID_MAX]] = json.dumps(file | {"validsince": 0, "validuntil": 2145916800})

    def heartbeat(self) -> dict[str, object]:
        """What it says every three minutes."""
        return {"type": "heartbeat", "time": 1, "ip": self.ip, "hostname": self.hostname}

    def scan(self, uid: str) -> dict[str, object]:
        """What it says of a badge that it does not know."""
        said = {"type": "access", "isKnown": "false", "access": "Denied", "username": "Unknown"}
        return {**said, "time": 1, "uid": uid, "hostname": self.hostname}

    def obey(self, payload: bytes) -> list[dict[str, object]]:
        """What it says on TOPIC/send because of a message on TOPIC/cmd."""
        order = json.loads(payload)
        if order.get("doorip") != self.ip:
            return []
        uid = str(order.get("uid", ""))[:UID_MAX]
        match order["cmd"]:
            case "getuserlist":
                return [json.loads(file) for file in self.files.values()]
            case "adduser":
                if not self.is_full:
                    self.files[uid] = payload.decode()
            case "deletuid":
                self.files.pop(uid, None)
            case "deletusers":
                self.files.clear()
            case _:
                return []
        if self.loses_acks:
            self.loses_acks -= 1
            return []
        return [{"type": order["cmd"], "ip": self.ip, "hostname": self.hostname}]

    def opens_for(self, uid: str, at: datetime) -> bool:
        """Whether it opens by itself; its clock says `at`."""
        file = self.files.get(uid)
        if file is None:
            return False
        user, now = json.loads(file), int(at.timestamp())
        is_over = int(user["validuntil"]) < now or int(user["validsince"]) > now
        return int(user["acctype"]) == 1 and not is_over
