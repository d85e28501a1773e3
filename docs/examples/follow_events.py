#!/usr/bin/python3
"""A partner's copy of Lotura's records, kept up to date by its events.

    python3 follow_events.py HOST:PORT sales copy.json      # with the token in LOTURA_TOKEN

It begins with a snapshot, goes on with every change, and can be killed at any moment: the copy and
the token of the last answer are written together, so that it goes on exactly behind what the copy
holds. It needs grpcio, and the messages that protoc makes of Lotura's protos:

    protoc -Iproto -I<googleapis> --python_out=. lotura/events/v1/*.proto lotura/sales/v1/*.proto
"""

import json
import os
import queue
import sys
import time

import grpc

METHOD = "/lotura.events.v1.EventService/Subscribe"
CREDIT = 100
PAUSE_S = 1.0


class Copy:
    """Version and content of each record by its name, the token of the last answer, and the view
    that it was made in."""

    def __init__(self, path: str):
        self._path = path
        self.records: dict[str, dict] = {}
        self.token = ""
        self.view = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                saved = json.load(file)
            self.records, self.token = saved["records"], saved["token"]
            self.view = saved.get("view", "")

    def save(self) -> None:
        """All or nothing: a reader, or the next run, never sees half of it."""
        beside = f"{self._path}.new"
        with open(beside, "w", encoding="utf-8") as file:
            json.dump({"records": self.records, "token": self.token, "view": self.view}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self._path)

    def put(self, name: str, version: int, record: bytes | None) -> None:
        """Takes a version that is newer than the one it holds; without a record it was deleted."""
        if version > self.records.get(name, {}).get("version", 0):
            self.records[name] = {"version": version,
                                  "record": record.hex() if record is not None else None}


class Follower:
    """Follows one service; `messages` gives the class of a message by its full name."""

    def __init__(self, messages, channel: grpc.Channel, token: str, service: str, copy: Copy):
        request = self._request = messages("lotura.events.v1.SubscribeRequest")
        response = messages("lotura.events.v1.SubscribeResponse")
        self._deleted = messages("lotura.events.v1.Change").DESCRIPTOR.file.enum_types_by_name[
            "Kind"].values_by_name["KIND_DELETED"].number
        self._subscription = messages("lotura.events.v1.Subscription")
        self._method = channel.stream_stream(METHOD, request.SerializeToString,
                                             response.FromString)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._service = service
        self.copy = copy

    def follow_once(self, enough=lambda: False) -> None:
        """Until the stream ends, which grpc.RpcError tells, or `enough` holds, or what may be read
        has changed: then the next one begins with a snapshot."""
        grants: queue.Queue = queue.Queue()
        grants.put(self._request(subscription=self._where(), credit=CREDIT))
        call = self._method(iter(grants.get, None), metadata=self._metadata)
        used = 0
        try:
            for answer in call:
                if self._sees_otherwise(answer):
                    self.start_anew()
                    self.copy.save()
                    return
                used += self._take(answer)
                self.copy.token = answer.resume_token
                # What was asked for is dealt with: only now is it safe to forget where it was.
                if used == CREDIT // 2 or answer.HasField("heartbeat"):
                    self.copy.save()
                    grants.put(self._request(credit=used))
                    used = 0
                if enough():
                    self.copy.save()
                    return
        finally:
            call.cancel()
            grants.put(None)

    def _where(self):
        if self.copy.token:
            return self._subscription(service=self._service, start="START_TOKEN",
                                      resume_token=self.copy.token)
        return self._subscription(service=self._service, start="START_SNAPSHOT")

    def _sees_otherwise(self, answer) -> bool:
        if not answer.HasField("heartbeat"):
            return False
        before, self.copy.view = self.copy.view, answer.heartbeat.view
        return bool(self.copy.token) and before != self.copy.view

    def _take(self, answer) -> int:
        """How much credit the answer took."""
        if answer.HasField("record"):
            record = answer.record
            self.copy.put(record.name, record.version, whole(record.state))
        elif answer.HasField("event"):
            change = answer.event.change
            gone = change.kind == self._deleted or answer.event.removed_from_view
            self.copy.put(answer.event.subject, change.version,
                          None if gone else whole(change.after))
        return 0 if answer.HasField("heartbeat") else 1

    def start_anew(self) -> None:
        """After EVENTS_EXPIRED, and in another view: what is missing is in a new snapshot."""
        self.copy.records, self.copy.token = {}, ""


def whole(state) -> bytes:
    """Both parts of a record, one after the other, are the record."""
    return state.plain + state.personal


def main(address: str, service: str, path: str) -> None:
    from google.protobuf import symbol_database
    import lotura.events.v1.event_service_pb2  # noqa: F401 - registers the messages

    messages = symbol_database.Default().GetSymbol
    with grpc.insecure_channel(address) as channel:
        follower = Follower(messages, channel, os.environ["LOTURA_TOKEN"], service, Copy(path))
        while True:
            try:
                follower.follow_once()
            except grpc.RpcError as error:
                print(f"{error.code().name}: {error.details()}", file=sys.stderr)
                if error.code() is grpc.StatusCode.OUT_OF_RANGE:
                    follower.start_anew()
                elif error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main(*sys.argv[1:4])
