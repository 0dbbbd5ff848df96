# /// script
# dependencies = ["nox>=2025.2.9", "antsibull-nox>=1", "ansible-core>=2.19"]
# ///
# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions that collections share, with the settings of antsibull-nox.toml. `python3 dev.py` runs all checks."""

import antsibull_nox
import nox

antsibull_nox.load_antsibull_nox_toml()

if __name__ == "__main__":
    nox.main()
