# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  destination:
    description:
      - Where calls go, as a SIP URI (V(user@host), with or without V(sip:)), a phone number, or the 5-digit login of
        a SIP account.
      - Put logins and phone numbers in quotes. YAML reads a leading zero as an octal number.
    type: str
  kind:
    description: What O(destination) is. Only needed where the module can not tell, and then it says so.
    type: str
    choices: [sip_uri, pstn, sip_account]
  vapi_trunk_id:
    description:
      - Id of the SIP trunk at Vapi, a UUID as RV(voiceops.vapi_didlogic.vapi_sip_trunk#module:sip_trunk.id) returns
        it.
      - The module makes the inbound URI C(user@trunk-id.sip.vapi.ai) of it. This is the recommended way to Vapi.
    type: str
  vapi_private_key:
    description:
      - The private key of the Vapi organisation, for the URI C(user@key.sip.vapi.ai) that didlogic's own guide shows.
      - Avoid it. didlogic stores the URI in clear, the key travels in SIP messages, and Vapi's guide forbids it. The
        module warns.
    type: str
  region:
    description: Region of the Vapi organisation, which decides the host of the inbound URI.
    type: str
    choices: [us, eu]
    default: us
  uri_user:
    description:
      - The part of the inbound URI before the C(@). It must be spelled exactly as the number is at Vapi, a leading
        C(+) included.
      - By default the digits of the number. Goes with O(vapi_trunk_id) or O(vapi_private_key) only.
    type: str
  active:
    description: Whether calls use the destination.
    type: bool
    default: true
  call_hunt:
    description:
      - didlogic's flag C(callhunt) of the destination. Its pages and its clients explain it differently (ringing one
        after the other, or all at once).
      - Leave it V(false) for calls to Vapi.
    type: bool
    default: false
  position:
    description:
      - V(first) puts the destination before all other active ones, so that calls try it first.
      - V(any) only sees to it that the destination is there.
    type: str
    choices: [first, any]
    default: first
  others:
    description:
      - What becomes of the number's other active destinations.
      - V(keep) leaves them in use. With O(position=first), those ahead are appended again behind the target, in their
        order, and the older row is deleted once its copy stands. Where didlogic refuses the copy, the row is switched
        off instead, and the module warns.
      - V(disable) switches them off, V(remove) deletes them.
      - With O(position=first), a destination to the same user and trunk at the SIP host of Vapi's other region is
        deleted in any case, because Vapi knows no trunk of the one region in the other.
    type: str
    choices: [keep, disable, remove]
    default: keep
  heal_private_key:
    description:
      - A Vapi private key that must not stand in any SIP URI. A destination of the number that contains it is
        replaced by the target.
      - Use it to clean up after didlogic's guide, and issue a new key at Vapi afterwards.
    type: str
  vapi_trunk_ids:
    description:
      - Trunk ids that may be shown in results. The label of any other destination at Vapi reads V(hidden), since it
        may be a private key.
      - O(vapi_trunk_id) is always shown.
    type: list
    elements: str
"""
