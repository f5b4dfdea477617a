/* SPDX-License-Identifier: MIT */
/*
 * status.c - which exit status tells which error.
 */
#include "core/common/status.h"

#include <rr/err.h>

#include <errno.h>
#include <stddef.h>

static const struct {
    int code, status;
} table[] = {
    {-ECONNREFUSED, STATUS_NOT_RUNNING}, {-EACCES, STATUS_PERMISSION},
    {-EPERM, STATUS_PERMISSION},         {RR_E_BUSY, STATUS_BUSY},
    {RR_E_TIMEOUT, STATUS_TIMEOUT},      {RR_E_CORRUPT, STATUS_BAD_STORE},
    {RR_E_PLUGIN, STATUS_PLUGIN},        {RR_E_CONFIG, STATUS_CONFIG},
};

int
status_of(int code)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code) {
            return table[i].status;
        }
    }
    return code == 0 ? STATUS_OK : STATUS_FAILED;
}

int
status_code(int status)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == status) {
            return table[i].code;
        }
    }
    return status == STATUS_OK ? 0 : status == STATUS_USAGE ? RR_E_INPUT : -EIO;
}
