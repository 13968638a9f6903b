/* SPDX-License-Identifier: MIT */
/* simple: the shortest program that ends well */
#include "case.inc"

	begin
	end
