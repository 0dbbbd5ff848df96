# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of files on the controller that a play writes or reads for each of its hosts."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path, PurePath


def of_host(path: str, variables: t.Mapping[str, t.Any]) -> str:
    """The path, with the host's name before the extension if other hosts of the play would use the same file.

    :param path: the path. :param variables: the variables of the task. :return: the path for this host.
    """
    host, hosts = str(variables.get("inventory_hostname", "")), variables.get("ansible_play_hosts_all") or ()
    named = re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", path)
    file = PurePath(path)
    # The name of one host may end with that of another one.
    added = max((each for each in hosts if file.stem.endswith(f"-{each}")), key=len, default="")
    if named or added == host or len(hosts) < 2:
        return path
    return str(file.with_name(f"{file.stem}-{host.replace('/', '-')}{file.suffix}"))


def absolute(path: str, variables: t.Mapping[str, t.Any]) -> str:
    """The path for this host; a relative one starts at the folder in which Ansible was started, as on a command line.

    :param path: the path. :param variables: the variables of the task. :return: an absolute path.
    """
    return str(Path.cwd() / Path(of_host(path, variables)).expanduser())
