# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Rules for the plan file of voiceops.vapi_didlogic, for Open Policy Agent:
#
#   conftest test plan.json --policy plan.rego --data settings.json
#   opa eval --fail-defined --format pretty --data plan.rego --data settings.json --input plan.json 'data.main.deny[_]'
#
# A plan contains only what changes. check_plan.py has the same rules.
package main

import rego.v1

vapi_host := `@([^@;?>]*\.)?sip(\.[a-z0-9-]+)?\.vapi\.ai`

phone := `^(sips?:)?\+?[0-9]{7,15}([@;].*)?$`

# -- rules

deny contains sprintf("no-failover: forward %s: only Vapi can answer the number.", [change.name]) if {
	some change in input.changes
	change.kind == "forward"
	some destination in change.after.destinations
	destination.active
	at_vapi(destination)
	not has_failover(change)
}

deny contains sprintf("transfer: %s %s: %s is not in an allowed country.", [kind, name, called]) if {
	some [kind, name, called] in calls
	regex.match(phone, called)
	not is_allowed(called)
}

deny contains sprintf("private-key: forward %s: a URI contains a private key, or an unknown trunk.", [change.name]) if {
	some change in input.changes
	change.kind == "forward"
	some destination in change.after.destinations
	regex.match(`@hidden\.sip(\.[a-z0-9-]+)?\.vapi\.ai`, lower(destination.destination))
}

deny contains sprintf("deletion: %s %s would be deleted.", [change.kind, change.name]) if {
	some change in input.changes
	change.kind in {"phone_number", "forward"}
	change.action == "delete"
}

deny contains sprintf("size: the plan has %d changes, more than %d.", [count(input.changes), limit]) if {
	limit := data.settings.max_changes
	count(input.changes) > limit
}

# -- what the rules use

at_vapi(destination) if regex.match(vapi_host, lower(destination.destination))

has_failover(change) if {
	some destination in change.after.destinations
	destination.active
	destination.kind != "other"
	not at_vapi(destination)
}

# The targets of transfers and fallbacks, in tools, definitions of assistants and phone numbers.
calls contains [change.kind, change.name, value] if {
	some change in input.changes
	change.kind != "forward"
	walk(change.after, [path, value])
	is_string(value)
	path[count(path) - 1] in {"number", "sip_uri", "sipUri"}
	path != ["number"] # of the phone number itself
}

# The phone numbers to which a number is forwarded.
calls contains [change.kind, change.name, destination.destination] if {
	some change in input.changes
	change.kind == "forward"
	some destination in change.after.destinations
	destination.kind == "pstn"
}

is_allowed(called) if {
	some code in data.settings.country_codes
	startswith(regex.replace(called, `^(sips?:)?\+?`, ""), code)
}
