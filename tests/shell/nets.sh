#!/bin/sh
# SPDX-License-Identifier: MIT
# Three whole networks on the device model, in every precision: ok where each answers as the CPU does.
exec "${B:-build}/tests/conformance-nets/nets" -q squeezenet shufflenet resnet50
