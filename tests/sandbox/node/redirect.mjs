// Copyright (c) 2026, the voiceops.vapi_didlogic authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The official MCP server has no setting for the address of the API: requests for it go to the sandbox instead, and
// nothing goes anywhere else. Loaded with `node --import`.
const service = "https://api.vapi.ai";
const sandbox = process.env.SANDBOX_VAPI_URL;
const send = globalThis.fetch;

globalThis.fetch = (target, options) => {
  const address = String(target instanceof Request ? target.url : target);
  if (!address.startsWith(`${service}/`)) {
    throw new Error(`a request for ${address} was stopped`);
  }
  return send(sandbox + address.slice(service.length), options);
};
