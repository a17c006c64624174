"""Where a follower of the feed stands."""

from __future__ import annotations

import msgspec

from longwatch.protocol.frames import Delta, Hello, Snapshot


class Cursor:
    """Where the consumer stands, and whether a frame continues from there."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.seq: int | None = None
        self.missed = False
        """Whether a frame left a gap: nothing after it can be used."""
        self._expected_offset: int | None = None

    def greet(self, hello: Hello) -> None:
        """A new connection: a changed epoch, or a server behind us, voids what we have."""
        if hello.epoch != self.epoch or (self.seq is not None and hello.seq < self.seq):
            self.seq = None
        self.epoch = hello.epoch
        self.missed = False
        self._expected_offset = None

    def take(self, frame: Snapshot | Delta) -> Snapshot | Delta | None:
        """The frame if it fits (a delta that overlaps is made to begin at our own `seq`), and
        the cursor moved on; `None` if it is old or does not fit, then see `missed`."""
        if isinstance(frame, Snapshot):
            return self._take_snapshot(frame)
        if self.seq is None or frame.from_ > self.seq:
            self.missed = True
            return None
        if frame.to <= self.seq and not (frame.from_ == frame.to == self.seq):
            return None
        if frame.from_ != self.seq:
            frame = msgspec.structs.replace(frame, from_=self.seq)
        self.seq = frame.to
        return frame

    def _take_snapshot(self, frame: Snapshot) -> Snapshot | None:
        if frame.offset == 0:
            self.seq = None
        elif frame.offset != self._expected_offset:
            self.missed = True
            return None
        if frame.more:
            self._expected_offset = frame.offset + len(frame.jobs)
        else:
            self._expected_offset = None
            self.seq = frame.seq
        return frame
