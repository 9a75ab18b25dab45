package mechinterp.io.archive;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The pickle opcodes that tensors and plain values need. Source: Python's pickletools. */
enum PickleOpcode {
  PROTO(0x80),
  STOP('.'),
  MARK('('),
  NONE('N'),
  NEWTRUE(0x88),
  NEWFALSE(0x89),
  BININT('J'),
  BININT1('K'),
  BININT2('M'),
  LONG1(0x8a),
  BINFLOAT('G'),
  BINUNICODE('X'),
  SHORT_BINUNICODE(0x8c),
  EMPTY_TUPLE(')'),
  TUPLE('t'),
  TUPLE1(0x85),
  TUPLE2(0x86),
  TUPLE3(0x87),
  EMPTY_LIST(']'),
  APPEND('a'),
  APPENDS('e'),
  EMPTY_DICT('}'),
  SETITEM('s'),
  SETITEMS('u'),
  BINPUT('q'),
  LONG_BINPUT('r'),
  BINGET('h'),
  LONG_BINGET('j'),
  GLOBAL('c'),
  REDUCE('R'),
  BUILD('b'),
  BINPERSID('Q');

  private static final Map<Integer, PickleOpcode> BY_CODE = new HashMap<>();

  static {
    for (PickleOpcode opcode : values()) {
      BY_CODE.put(opcode.code, opcode);
    }
  }

  private final int code;

  PickleOpcode(int code) {
    this.code = code;
  }

  static Optional<PickleOpcode> of(byte code) {
    return Optional.ofNullable(BY_CODE.get(Byte.toUnsignedInt(code)));
  }
}
