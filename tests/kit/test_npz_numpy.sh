#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# numpy itself opens what rr/npz.h writes, without pickles. Skipped where there is no numpy.
set -eu

python=${RR_PYTHON:-python3}
if ! "$python" -c 'import numpy' 2>/dev/null; then
    # Debian's own python has the package when another one comes first in PATH.
    python=/usr/bin/python3
fi
if ! "$python" -c 'import numpy' 2>/dev/null; then
    echo '1..0 # SKIP no python3 with numpy'
    exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$RR_BUILDDIR/tests/kit/test_npz" "$dir/a.npz"
"$python" - "$dir/a.npz" <<'PY'
import hashlib, io, json, sys, zipfile
import numpy as np

n = 0
def ok(passed, what):
    global n
    n += 1
    print(("ok" if passed else "not ok"), n, "-", what)

z = np.load(sys.argv[1], allow_pickle=False)
ok(z["features"].shape == (1000, 3, 2, 5) and z["features"].dtype == np.uint8, "u8 array")
ok(bool((z["features"][299] == 299 % 256).all()), "its contents")
ok(z["value_rel"].dtype == np.float32 and z["value_rel"][777].tolist() == [777, 0.5, -1, 0],
   "f32 array")
ok(z["policy_off"].dtype == np.int64 and int(z["policy_off"][999]) == 999 * 3000000000,
   "i64 array")
ok(z["policy_idx"].dtype == np.int32 and int(z["policy_idx"][999]) == -999, "i32 array")
ok(z["empty"].shape == (0, 4), "empty array")
manifest = json.loads(bytes(z["manifest"]))
members = zipfile.ZipFile(sys.argv[1])
ok(set(manifest) == set(z.files) - {"manifest"}, "the manifest names the arrays")
ok(all(hashlib.sha256(members.read(k + ".npy")).hexdigest() == v for k, v in manifest.items()),
   "its hashes are those of the members")
ok(members.testzip() is None, "the archive is sound")
buffer = io.BytesIO()
np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False,
                                              "shape": (1000, 4)})
head = members.read("value_rel.npy")[:128]
ok(head == buffer.getvalue() or head.rstrip() == buffer.getvalue().rstrip(),
   "an array header is what numpy writes")
print(f"1..{n}")
PY
