# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description: Display name in Vapi's dashboard, 40 characters at most.
    type: str
  trunk:
    description:
      - The SIP trunk that the number belongs to, by name or id. See M(voiceops.vapi_didlogic.vapi_sip_trunk).
      - Needed to create a number.
    type: str
  assistant:
    description:
      - The assistant that answers calls to the number, by name or id.
      - Either O(assistant) or O(squad) answers. Giving one removes the other, and a workflow of the number.
      - An empty string detaches it. If nothing answers, Vapi asks the O(server) at each call.
    type: str
  squad:
    description: The squad that answers, by name or id, in place of an assistant. An empty string detaches it.
    type: str
  workflow:
    description: Retired and refused. Vapi has run no workflow since 2026-08-19; use O(assistant) or O(squad), which
      remove it. An empty string detaches it. It is still returned where a number has one.
    type: str
  number_e164_check_enabled:
    description:
      - Whether Vapi insists on E.164 form, that is C(+), country code and digits. Vapi does so unless it is told
        otherwise.
      - Set it to V(false) for numbers that are spelled as digits only.
    type: bool
  fallback_destination:
    description:
      - Where a call goes if nothing answers the number and the O(server) gives no answer either.
      - Give exactly one of O(fallback_destination.number) and O(fallback_destination.sip_uri). It is replaced as a
        whole. An empty dict takes it away.
    type: dict
    suboptions:
      number:
        description: Phone number to hand the call on to.
        type: str
      sip_uri:
        description: SIP URI to hand the call on to, such as V(sip:+442079460123@sip.example.net).
        type: str
      message:
        description: What the caller hears before, as text or as Vapi's message object. An empty string is silence.
        type: raw
      description:
        description: What the destination is for.
        type: str
      caller_id:
        description: Caller ID to show, 40 characters at most. On a SIP URI it has an effect with
          O(fallback_destination.sip_verb=dial) only.
        type: str
      extension:
        description: Extension to dial behind O(fallback_destination.number), 1 to 10 characters.
        type: str
      number_e164_check_enabled:
        description: Whether O(fallback_destination.number) must be in E.164 form.
        type: bool
        default: true
      sip_headers:
        description: SIP headers to add. Goes with O(fallback_destination.sip_uri) only.
        type: dict
      mode:
        description: How the call is handed on, in Vapi's words.
        type: str
        choices:
          - blind-transfer
          - blind-transfer-add-summary-to-sip-header
          - warm-transfer-say-message
          - warm-transfer-say-summary
          - warm-transfer-twiml
          - warm-transfer-wait-for-operator-to-speak-first-and-then-say-message
          - warm-transfer-wait-for-operator-to-speak-first-and-then-say-summary
          - warm-transfer-experimental
        default: blind-transfer
      sip_verb:
        description: SIP method of the transfer. Vapi takes V(refer) if it is not given.
        type: str
        choices: [refer, bye, dial]
      transfer_plan:
        description: Further keys of Vapi's C(transferPlan), in Vapi's camelCase.
        type: dict
  server:
    description:
      - Your own server that Vapi asks about calls to this number, in Vapi's camelCase, for instance C(url) and
        C(timeoutSeconds).
      - Merged with what stands.
      - Texts that are secrets by the words of their key or by their place (below C(credentials) and C(headers), users,
        passwords and query values in URLs) read V(hidden) in results. V(hidden) given back leaves the value as it is;
        any other mask, such as V(********), is refused.
    type: dict
  hooks:
    description: Vapi's hooks of the number, in Vapi's camelCase. The list is replaced as a whole.
    type: list
    elements: dict
"""
