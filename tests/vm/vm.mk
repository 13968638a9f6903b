# SPDX-License-Identifier: MIT
test-vm-y += tests/vm/launcher.sh@180 tests/vm/refusals.sh@120 tests/vm/device.sh@300 tests/vm/module.sh@300
