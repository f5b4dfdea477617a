/* SPDX-License-Identifier: MIT */
/*
 * jget.h - the same as for all programs.
 */
#ifndef RR_CORE_RRCTL_JGET_H
#define RR_CORE_RRCTL_JGET_H

#include "core/common/jget.h"

#endif
