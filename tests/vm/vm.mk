# SPDX-License-Identifier: MIT
test-vm-y += tests/vm/launcher.sh@300 tests/vm/refusals.sh@300 tests/vm/device.sh@600 tests/vm/module.sh@600
