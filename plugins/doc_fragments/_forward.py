# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  destination:
    description:
      - The destination of calls, as a SIP URI (V(user@host), with or without V(sip:)), a phone number, or the 5-digit
        login of a SIP account.
      - Quote logins and phone numbers. YAML reads a number with a leading zero as octal.
    type: str
  kind:
    description: The kind of O(destination). Only needed if the module cannot derive it from the value; the error
      message then asks for it.
    type: str
    choices: [sip_uri, pstn, sip_account]
  vapi_trunk_id:
    description:
      - Id of the SIP trunk in Vapi, a UUID, as RV(voiceops.vapi_didlogic.vapi_sip_trunk#module:sip_trunk.id) returns
        it.
      - The module builds the inbound URI C(user@trunk-id.sip.vapi.ai) from it. This is the recommended form.
    type: str
  vapi_private_key:
    description:
      - The private API key of the Vapi organisation, for the URI C(user@key.sip.vapi.ai) shown in didlogic's guide.
      - Not recommended. didlogic stores the URI in clear text, SIP messages contain the key, and Vapi's guide forbids
        it. The module issues a warning.
    type: str
  region:
    description: Region of the Vapi organisation. It determines the host of the inbound URI.
    type: str
    choices: [us, eu]
    default: us
  uri_user:
    description:
      - The part of the inbound URI before the C(@). It must be spelled exactly like the number in Vapi, including a
        leading C(+).
      - Defaults to the digits of the number. Only valid with O(vapi_trunk_id) or O(vapi_private_key).
    type: str
  active:
    description: Whether the destination is active, so that calls can use it.
    type: bool
    default: true
  call_hunt:
    description:
      - didlogic's flag C(callhunt) of the destination. Its documentation and its clients describe it differently
        (destinations ring one after the other, or all at once).
      - Keep V(false) for calls to Vapi.
    type: bool
    default: false
  position:
    description:
      - V(first) places the destination before all other active ones, so that it is tried first.
      - V(any) only ensures that the destination exists.
    type: str
    choices: [first, any]
    default: first
  others:
    description:
      - What to do with the other active destinations of the number.
      - V(keep) keeps them active. With O(position=first), those before the target are added again after it, in the same
        order, and each original is deleted once its copy exists. If didlogic rejects a copy, the original is
        deactivated instead, with a warning.
      - V(disable) deactivates them, V(remove) deletes them.
      - With O(position=first), a destination with the same user and trunk at the SIP host of Vapi's other region is
        always deleted, because a trunk exists in one region only.
    type: str
    choices: [keep, disable, remove]
    default: keep
  heal_private_key:
    description:
      - A Vapi private API key that must not be part of a SIP URI. A destination of the number that contains it is
        replaced by the target.
      - Use it to correct a set-up made with didlogic's guide. Issue a new key in Vapi afterwards.
    type: str
  vapi_trunk_ids:
    description:
      - Trunk ids that may be shown in results. In any other destination at a Vapi host, the first label of the host is
        shown as V(hidden), because it may be a private key.
      - O(vapi_trunk_id) is always shown.
    type: list
    elements: str
  own_trunk_ids:
    description:
      - Ids of the trunks of your Vapi organisation. Every other destination of the number that leads to one of them is
        replaced by the target, so that a number has one route to Vapi after it was moved to another trunk.
    type: list
    elements: str
  failover:
    description:
      - Destinations after the target, in this order, for calls that the target does not answer. Each is a SIP URI, a
        phone number or the login of a SIP account, like O(destination).
      - They follow the target directly and are active; O(others) applies to the rest. Requires O(active=true) and
        O(position=first).
      - Where didlogic rejects a copy of a destination, one of them may be deleted and added again while the target is
        active.
    type: list
    elements: str
"""
