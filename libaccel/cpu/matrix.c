// SPDX-License-Identifier: MIT
/* Gemm and MatMul. */
#include <cblas.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"

/* One product; @beta * y is kept. Empty matrices are no business of BLAS. */
static void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, const float *b,
		    float beta, float *y)
{
	if (!m || !n)
		return;
	if (!k) {
		for (int64_t i = 0; i < m * n; i++)
			y[i] = beta ? beta * y[i] : 0;
		return;
	}
	cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n,
		    (int)k, alpha, a, (int)(ta ? m : k), b, (int)(tb ? k : n), beta, y, (int)n);
}

int accel_kernel_gemm(const struct accel_kernel *k)
{
	const struct accel_attrs *a = &k->n->attrs;
	const struct accel_value *c = k->in[2];
	int64_t m = k->out->dims[0], n = k->out->dims[1];
	int64_t rows = c && c->rank == 2 ? c->dims[0] : 1, cols = c && c->rank ? c->dims[c->rank - 1] : 1;
	const float *bias = k->x[2];
	float *y = k->y;

	for (int64_t i = 0; c && i < m; i++)
		for (int64_t j = 0; j < n; j++)
			y[i * n + j] = a->beta * bias[(rows == 1 ? 0 : i) * cols + (cols == 1 ? 0 : j)];
	product(a->trans_a, a->trans_b, m, n, k->in[0]->dims[!a->trans_a], a->alpha, k->x[0], k->x[1], c ? 1 : 0, y);
	return 0;
}

int64_t accel_matrix_of(const struct accel_value *v, const struct accel_value *out, int64_t i)
{
	int64_t index = 0, step = 1;

	for (int d = out->rank - 3, own = v->rank - 3; d >= 0; d--, own--) {
		int64_t at = i % out->dims[d];

		i /= out->dims[d];
		if (own < 0)
			continue;
		if (v->dims[own] != 1)
			index += at * step;
		step *= v->dims[own];
	}
	return index;
}

int accel_kernel_matmul(const struct accel_kernel *k)
{
	const struct accel_value *a = k->in[0], *b = k->in[1], *out = k->out;
	int64_t m = out->dims[out->rank - 2], n = out->dims[out->rank - 1], kk = a->dims[a->rank - 1];
	int64_t count = accel_dims_product(out, 0, out->rank - 2);

	for (int64_t i = 0; i < count; i++)
		product(false, false, m, n, kk, 1, (const float *)k->x[0] + accel_matrix_of(a, out, i) * m * kk,
			(const float *)k->x[1] + accel_matrix_of(b, out, i) * kk * n, 0, (float *)k->y + i * m * n);
	return 0;
}
