# SPDX-License-Identifier: MIT
#
# The second implementation of the instruction set, for tests of the first.
reference-obj := $(addprefix $(B)/tests/reference/,softfp.o ref.o ref_mxu.o ref_vpu.o ref_rows.o ref_misc.o)
