// SPDX-License-Identifier: MIT
#include "fw.h"

unsigned int lowest_bit(uint32_t v)
{
	/* A de Bruijn sequence shifted left by n has in its top five bits what no other n gives. */
	static const uint8_t position[32] = {
		0, 1, 28, 2, 29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4, 8,
		31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6, 11, 5, 10, 9,
	};

	return position[((v & -v) * 0x077cb531u) >> 27];
}
