# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control of the canary matrix: a module as careless as modules are written every day.

It is no part of the collection. Its options are marked ``no_log`` properly; every ``way`` is one mistake beyond that.
The matrix that does not catch it is blind.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: naive
short_description: Leaks what it is given
description: Control of the canary matrix.
author: voiceops.vapi_didlogic authors (@voiceops)
options:
  way: {description: What it does wrong., type: str, required: true}
  api_key: {description: A secret., type: str}
  password: {description: A secret., type: str}
  hint: {description: A secret that nobody marked., type: str}
  url: {description: A service that repeats what it is sent., type: str}
  home: {description: A folder., type: str}
"""
EXAMPLES = ""
RETURN = ""


def raise_it(module, key, password):
    raise RuntimeError(f"cannot log in with {key} and {password}")


def fail_with_exception(module, key, password):
    try:
        raise_it(module, key, password)
    except RuntimeError as error:
        module.fail_json(msg="cannot log in", exception=error)


def fail_in_pieces(module, key, password):
    module.fail_json(msg=f"expected a UUID of five groups, got {key.split('-')} and {password[:12]}...")


def repeat_error(module, key, password):
    request = urllib.request.Request(module.params["url"], headers={"Authorization": f"Bearer {key}"})
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, json.dumps({"p": password}).encode())
    except urllib.error.HTTPError as error:
        module.fail_json(msg=f"The service says: {error.read().decode()}")


def die(module, key, password):
    print(f"using {key} {password}", flush=True)
    sys.stderr.write(f"using {key} {password}\n")
    sys.stderr.flush()
    os._exit(3)


def run_program(module, key, password):
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", "--key", key, password], check=False)


def keep_file(module, key, password):
    pathlib.Path(module.params["home"], "session.json").write_text(json.dumps({"key": key, "password": password}))
    pathlib.Path(module._remote_tmp, "session.json").write_text(json.dumps({"key": key, "password": password}))


def read_list(module, key, password):
    request = urllib.request.Request(module.params["url"], headers={"Authorization": f"Bearer {key}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        found = json.load(answer)
    module.exit_json(found=found, diff={"before": found, "after": {}})


WAYS = {
    "warn": lambda module, key, password: module.warn(f"the key {key} is old, and so is {password}"),
    "deprecate": lambda module, key, password: module.deprecate(
        f"the key {key}", version="9.0.0", collection_name="voiceops.vapi_didlogic"
    ),
    "upper": lambda module, key, password: module.exit_json(account=key.upper()),
    "nodash": lambda module, key, password: module.exit_json(account=key.replace("-", "")),
    "quoted": lambda module, key, password: module.exit_json(url=f"https://x/?p={urllib.parse.quote(password)}"),
    "basic": lambda module, key, password: module.exit_json(h=base64.b64encode(f"u:{password}".encode()).decode()),
    "hex": lambda module, key, password: module.exit_json(raw=key.encode().hex()),
    "json": lambda module, key, password: module.exit_json(body=json.dumps({"password": password})),
    "dict_key": lambda module, key, password: module.exit_json(seen={key: 1, password: 2}),
    "facts": lambda module, key, password: module.exit_json(ansible_facts={"made": {key: password[:10]}}),
    "log": lambda module, key, password: module.log(f"logged in with {key.upper()}"),
    "pieces": fail_in_pieces,
    "raise": raise_it,
    "exception": fail_with_exception,
    "repeat": repeat_error,
    "die": die,
    "program": run_program,
    "file": keep_file,
    "list": read_list,
    "slow": lambda module, key, password: module.exit_json(job=time.sleep(1) or key[:20]),
    "nothing": lambda module, key, password: None,
}


def main():
    module = AnsibleModule(
        argument_spec={
            "way": {"type": "str", "required": True, "choices": list(WAYS)},
            "api_key": {"type": "str", "no_log": True},
            "password": {"type": "str", "no_log": True},
            "hint": {"type": "str"},
            "url": {"type": "str"},
            "home": {"type": "str"},
        },
        supports_check_mode=True,
    )
    WAYS[module.params["way"]](module, module.params["api_key"] or "", module.params["password"] or "")
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
