# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One end of a call's audio: sends RTP packets to the other end and counts those that arrive.

    rtp.py OWN_ADDRESS OWN_PORT OTHER_ADDRESS OTHER_PORT PACKETS

Prints the number of packets that arrived with the payload type of G.711.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time

PCMA = 8
SAMPLES = 160  # of 20 ms
#: Seconds after the last packet in which others may arrive.
TAIL = 0.5


def main() -> None:
    own, other = (sys.argv[1], int(sys.argv[2])), (sys.argv[3], int(sys.argv[4]))
    packets = int(sys.argv[5])
    received = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(own)
        line.setblocking(False)
        print("ready", flush=True)
        begun = time.monotonic()
        for sequence in range(packets):
            header = struct.pack("!BBHII", 0x80, PCMA, sequence, sequence * SAMPLES, own[1])
            # Nobody may listen at the address that the other side has announced.
            with contextlib.suppress(OSError):
                line.sendto(header + b"\xd5" * SAMPLES, other)
            received += _arrived(line)
            time.sleep(max(0.0, begun + 0.02 * (sequence + 1) - time.monotonic()))
        time.sleep(TAIL)
        received += _arrived(line)
    print(received, flush=True)


def _arrived(line: socket.socket) -> int:
    found = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            try:
                packet = line.recv(2048)
            except ConnectionRefusedError:
                continue  # of a packet that was sent to a closed port
            found += len(packet) >= 12 and packet[0] >> 6 == 2 and packet[1] & 0x7F == PCMA
    return found


if __name__ == "__main__":
    main()
