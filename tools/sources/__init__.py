# SPDX-License-Identifier: BSD-2-Clause
"""Gets what Ouros builds on but does not carry: QEMU's source, firmware, libraries."""
