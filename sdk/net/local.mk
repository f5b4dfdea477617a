# SPDX-License-Identifier: MIT
# Nets: graph, model files, training; everything of oneDNN lies in onednn/.
librrkit_so_0_SOURCES += \
	sdk/net/adamw.c sdk/net/adamw.h \
	sdk/net/graph.c sdk/net/graph.h \
	sdk/net/infer.c \
	sdk/net/loss.c sdk/net/loss.h \
	sdk/net/model.c sdk/net/model.h \
	sdk/net/net.c sdk/net/net.h \
	sdk/net/plan.h \
	sdk/net/safetensors.c sdk/net/safetensors.h \
	sdk/net/team.c sdk/net/team.h \
	sdk/net/tower.c \
	sdk/net/trainer.c \
	sdk/net/onednn/cells.c sdk/net/onednn/cells.h sdk/net/onednn/kernels.inc \
	sdk/net/onednn/conv.c sdk/net/onednn/conv.h \
	sdk/net/onednn/dn.c sdk/net/onednn/dn.h \
	sdk/net/onednn/layout.c \
	sdk/net/onednn/plan.c sdk/net/onednn/plan_impl.h \
	sdk/net/onednn/steps.c
# oneDNN brings libgomp along; we tell it the number of threads and train with several.
librrkit_so_0_CFLAGS += -fopenmp
librrkit_so_0_LDADD += -lgomp
EXTRA_DIST += doc/net-graph.md
