"""Compiles CUDA C++ to PTX with NVRTC, nvcc's compiler as a library: no GPU, no driver, no host compiler.

compile_ptx.py LIBNVRTC SOURCE.cu OUT.ptx [OPTION...]
"""
import ctypes
import pathlib
import re
import sys


def check(nvrtc, status):
    if status:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        sys.exit(f"nvrtc: {nvrtc.nvrtcGetErrorString(status).decode()}")


def text(nvrtc, size_of, content_of, program):
    size = ctypes.c_size_t()
    check(nvrtc, size_of(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    check(nvrtc, content_of(program, buffer))
    return buffer.value.decode()


def main(library, source, out, *options):
    nvrtc = ctypes.CDLL(library)
    path = pathlib.Path(source)
    program = ctypes.c_void_p()
    code = path.read_bytes()
    check(nvrtc, nvrtc.nvrtcCreateProgram(ctypes.byref(program), code, path.name.encode(), 0, None, None))
    arguments = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
    failed = nvrtc.nvrtcCompileProgram(program, len(options), arguments)
    log = text(nvrtc, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program).strip()
    if log:
        print(log, file=sys.stderr)
    check(nvrtc, failed)
    ptx = text(nvrtc, nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
    # .file names files by their place on this machine; the same source must give the same PTX anywhere.
    ptx = re.sub(r'(\.file\s+\d+ ")[^"]*/', r"\1", ptx)
    pathlib.Path(out).write_text(ptx)


main(*sys.argv[1:])
