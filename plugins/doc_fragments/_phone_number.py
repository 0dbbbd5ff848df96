# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description: Display name in Vapi's dashboard, at most 40 characters.
    type: str
  trunk:
    description:
      - The SIP trunk of the number, by name or id. See M(voiceops.vapi_didlogic.vapi_sip_trunk).
      - Required to create a number.
    type: str
  assistant:
    description:
      - The assistant that answers calls to the number, by name or id.
      - O(assistant) and O(squad) are mutually exclusive. Setting one removes the other and any workflow of the number.
      - An empty string detaches it. If neither is set, Vapi requests an assistant from the O(server) for each call.
    type: str
  squad:
    description: The squad that answers calls, by name or id, instead of an assistant. An empty string detaches it.
    type: str
  workflow:
    description: Retired and rejected, because Vapi stopped running workflows on 2026-08-19. Use O(assistant) or
      O(squad), which remove it. An empty string detaches it. It is still returned if a number has one.
    type: str
  number_e164_check_enabled:
    description:
      - Whether Vapi requires E.164 format, that is C(+), country code and digits. This is the default in Vapi.
      - Set it to V(false) for numbers without a leading C(+).
    type: bool
  fallback_destination:
    description:
      - Destination of a call if neither an assistant nor a squad answers and the O(server) does not respond.
      - Give exactly one of O(fallback_destination.number) and O(fallback_destination.sip_uri). It is replaced as a
        whole. An empty dict removes it.
    type: dict
    suboptions:
      number:
        description: Phone number to transfer the call to.
        type: str
      sip_uri:
        description: SIP URI to transfer the call to, such as V(sip:+442079460123@sip.example.net).
        type: str
      message:
        description: Message to the caller before the transfer, as text or as Vapi's message object. An empty string
          means no message.
        type: raw
      description:
        description: Purpose of the destination.
        type: str
      caller_id:
        description: Caller ID to present, at most 40 characters. For a SIP URI it only has an effect with
          O(fallback_destination.sip_verb=dial) only.
        type: str
      extension:
        description: Extension to dial after O(fallback_destination.number), 1 to 10 characters.
        type: str
      number_e164_check_enabled:
        description: Whether O(fallback_destination.number) must be in E.164 format.
        type: bool
        default: true
      sip_headers:
        description: SIP headers to add. Only valid with O(fallback_destination.sip_uri) only.
        type: dict
      mode:
        description: Mode of the transfer, as Vapi names it.
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
        description: SIP method of the transfer. Vapi defaults to V(refer).
        type: str
        choices: [refer, bye, dial]
      transfer_plan:
        description: Additional keys of Vapi's C(transferPlan), in Vapi's camelCase.
        type: dict
  server:
    description:
      - Your server that receives Vapi's requests about calls to this number, in Vapi's camelCase, for instance C(url)
        and C(timeoutSeconds).
      - Merged with the current value.
      - Values that are secrets by the name of their key or by their location (below C(credentials) and C(headers); user
        names, passwords and query values in URLs) are shown as V(hidden) in results. Passing V(hidden) back keeps the
        current value. Any other mask, such as V(********), is rejected.
    type: dict
  hooks:
    description: Vapi's hooks of the number, in Vapi's camelCase. The list is replaced as a whole.
    type: list
    elements: dict
"""
