#!/bin/sh
# SPDX-License-Identifier: MIT
# Make configure and its helpers from a fresh clone.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --force
