package mechinterp.io.archive;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mechinterp.io.FormatException;

/**
 * Reads a pickle as {@code torch.save} makes it. The opcodes build plain values, dicts and views of
 * storages; a class or function is only ever compared with a list of names, and any other opcode or
 * name ends the reading. Each byte makes at most one value, so memory is in proportion to the
 * pickle.
 *
 * <p>Source: Python's pickletools, torch/serialization.py and torch/_weights_only_unpickler.py.
 */
final class PickleReader {
  private static final int NEWEST_PROTOCOL = 5;

  private final String source;
  private final ByteBuffer in;
  private final List<PickleValue> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Integer, PickleValue> memo = new HashMap<>();
  private int opcodeAt;
  private String opcodeName = "";

  /**
   * Begins to read.
   *
   * @param source what messages call the pickle
   */
  PickleReader(String source, byte[] pickle) {
    this.source = source;
    this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Returns what the pickle holds.
   *
   * @throws FormatException when it is damaged or asks for anything but values and tensors
   */
  PickleValue read() throws FormatException {
    while (true) {
      PickleOpcode opcode = nextOpcode();
      if (opcode == PickleOpcode.STOP) {
        PickleValue result = pop();
        require(stack.isEmpty() && marks.isEmpty(), "leaves values over");
        return result;
      }
      apply(opcode);
    }
  }

  private PickleOpcode nextOpcode() throws FormatException {
    opcodeAt = in.position();
    opcodeName = "opcode";
    require(in.hasRemaining(), "is missing: the pickle has no STOP");
    byte code = in.get();
    opcodeName = "opcode 0x%02x".formatted(code);
    PickleOpcode opcode =
        PickleOpcode.of(code)
            .orElseThrow(
                () -> failure("is none of those of tensors and plain values; nothing is executed"));
    opcodeName = opcode.name();
    return opcode;
  }

  private void apply(PickleOpcode opcode) throws FormatException {
    switch (opcode) {
      case PROTO -> {
        int protocol = unsigned();
        require(protocol <= NEWEST_PROTOCOL, "names protocol " + protocol);
      }
      case STOP -> throw new IllegalStateException("STOP is handled by read");
      case MARK -> marks.add(stack.size());
      case NONE -> push(new PickleValue.Nothing());
      case NEWTRUE -> push(new PickleValue.Flag(true));
      case NEWFALSE -> push(new PickleValue.Flag(false));
      case BININT -> push(new PickleValue.Whole(integer()));
      case BININT1 -> push(new PickleValue.Whole(unsigned()));
      case BININT2 -> push(new PickleValue.Whole(unsigned() | (long) unsigned() << 8));
      case LONG1 -> push(new PickleValue.Whole(longInteger()));
      case BINFLOAT -> push(new PickleValue.Real(bigEndianDouble()));
      case BINUNICODE -> push(new PickleValue.Text(text(integer())));
      case SHORT_BINUNICODE -> push(new PickleValue.Text(text(unsigned())));
      case EMPTY_TUPLE -> push(new PickleValue.Tuple(List.of()));
      case TUPLE -> push(new PickleValue.Tuple(popToMark()));
      case TUPLE1 -> push(new PickleValue.Tuple(popLast(1)));
      case TUPLE2 -> push(new PickleValue.Tuple(popLast(2)));
      case TUPLE3 -> push(new PickleValue.Tuple(popLast(3)));
      case EMPTY_LIST -> push(new PickleValue.Items());
      case APPEND -> append(popLast(1));
      case APPENDS -> append(popToMark());
      case EMPTY_DICT -> push(new PickleValue.Dict());
      case SETITEM -> setItems(popLast(2));
      case SETITEMS -> setItems(popToMark());
      case BINPUT -> memo.put(unsigned(), top());
      case LONG_BINPUT -> memo.put(integer(), top());
      case BINGET -> push(remembered(unsigned()));
      case LONG_BINGET -> push(remembered(integer()));
      case GLOBAL -> push(global());
      case REDUCE -> reduce();
      case BUILD -> build();
      case BINPERSID -> push(PickleCalls.storage(pop(), this::failure));
    }
  }

  private void reduce() throws FormatException {
    PickleValue arguments = pop();
    PickleValue function = pop();
    push(PickleCalls.call(function, arguments, this::failure));
  }

  /** The attributes of an OrderedDict, such as the {@code _metadata} of a state_dict. */
  private void build() throws FormatException {
    pop();
    require(top() instanceof PickleValue.Dict, "gives attributes to what is no dict");
  }

  private void append(List<PickleValue> values) throws FormatException {
    if (!(top() instanceof PickleValue.Items list)) {
      throw failure("appends to what is no list");
    }
    list.values().addAll(values);
  }

  private void setItems(List<PickleValue> keysAndValues) throws FormatException {
    if (!(top() instanceof PickleValue.Dict dict)) {
      throw failure("sets items of what is no dict");
    }
    require(keysAndValues.size() % 2 == 0, "has a key without a value");
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      PickleValue key = keysAndValues.get(i);
      boolean plain = key instanceof PickleValue.Text || key instanceof PickleValue.Whole;
      require(plain, "has a key that is neither text nor a whole number");
      dict.entries().put(key, keysAndValues.get(i + 1));
    }
  }

  private PickleValue global() throws FormatException {
    String module = line();
    String name = line();
    return PickleCalls.global(module, name)
        .orElseThrow(() ->
            failure(
                "names %s.%s, which is none of those of tensors; nothing is executed"
                    .formatted(module, name)));
  }

  private PickleValue remembered(int number) throws FormatException {
    PickleValue value = memo.get(number);
    if (value == null) {
      throw failure("asks for value " + number + ", which was not remembered");
    }
    return value;
  }

  private void push(PickleValue value) {
    stack.add(value);
  }

  private PickleValue pop() throws FormatException {
    PickleValue value = top();
    stack.removeLast();
    return value;
  }

  private PickleValue top() throws FormatException {
    requireValues(1);
    return stack.getLast();
  }

  private List<PickleValue> popLast(int count) throws FormatException {
    requireValues(count);
    return popFrom(stack.size() - count);
  }

  private List<PickleValue> popToMark() throws FormatException {
    require(!marks.isEmpty(), "has no mark before it");
    return popFrom(marks.removeLast());
  }

  private List<PickleValue> popFrom(int first) {
    List<PickleValue> last = stack.subList(first, stack.size());
    List<PickleValue> values = List.copyOf(last);
    last.clear();
    return values;
  }

  /** Values below the last mark belong to what was begun before it. */
  private void requireValues(int count) throws FormatException {
    int first = marks.isEmpty() ? 0 : marks.getLast();
    require(stack.size() - count >= first, "needs more values than there are");
  }

  private int unsigned() throws FormatException {
    requireBytes(1);
    return Byte.toUnsignedInt(in.get());
  }

  private int integer() throws FormatException {
    requireBytes(Integer.BYTES);
    return in.getInt();
  }

  private double bigEndianDouble() throws FormatException {
    requireBytes(Double.BYTES);
    return Double.longBitsToDouble(Long.reverseBytes(in.getLong()));
  }

  private long longInteger() throws FormatException {
    int length = unsigned();
    require(length <= Long.BYTES, "has a whole number of " + length + " bytes; at most 8 are read");
    requireBytes(length);
    long value = 0;
    for (int i = 0; i < length; i++) {
      value |= Byte.toUnsignedLong(in.get()) << (8 * i);
    }
    int unused = Long.SIZE - 8 * length;
    return length == 0 ? 0 : value << unused >> unused;
  }

  private String text(int bytes) throws FormatException {
    requireBytes(bytes);
    ByteBuffer content = in.slice(in.position(), bytes);
    in.position(in.position() + bytes);
    return decode(content).toString();
  }

  private String line() throws FormatException {
    int begin = in.position();
    while (in.hasRemaining()) {
      if (in.get() == '\n') {
        return decode(in.slice(begin, in.position() - 1 - begin)).toString();
      }
    }
    throw failure("has a line that does not end");
  }

  private CharBuffer decode(ByteBuffer content) throws FormatException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(content);
    } catch (CharacterCodingException _) {
      throw failure("has text that is not UTF-8");
    }
  }

  private void requireBytes(int count) throws FormatException {
    require(
        count >= 0 && count <= in.remaining(),
        "needs " + Integer.toUnsignedString(count) + " bytes, more than there are");
  }

  private void require(boolean condition, String problem) throws FormatException {
    if (!condition) {
      throw failure(problem);
    }
  }

  private FormatException failure(String problem) {
    return new FormatException(source, "byte %d: %s %s".formatted(opcodeAt, opcodeName, problem));
  }
}
