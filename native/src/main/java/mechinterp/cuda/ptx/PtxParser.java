package mechinterp.cuda.ptx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the PTX that nvcc and NVRTC write, PTX ISA 7 to 9. Device functions that were not inlined
 * are refused.
 */
final class PtxParser {
  private static final Set<String> LINKAGE = Set.of(".visible", ".weak", ".extern", ".common");
  private static final Pattern FILE = Pattern.compile("\\.file\\s+(\\d+)\\s+\"([^\"]*)\"");
  private static final Set<String> SPACES = Set.of(".global", ".const", ".shared", ".local");

  private final String name;
  private final Tokens tokens;
  private final Map<String, String> files = new HashMap<>();
  private final List<PtxVariable> variables = new ArrayList<>();
  private final Map<String, PtxKernel> kernels = new LinkedHashMap<>();
  private String version = "";
  private String target = "";

  PtxParser(String name, String text) {
    this.name = name;
    this.tokens = new Tokens(name, text);
    // The kernels refer to files that are named after them.
    Matcher matcher = FILE.matcher(text);
    while (matcher.find()) {
      files.put(matcher.group(1), matcher.group(2));
    }
  }

  PtxModule module() {
    while (!tokens.isEmpty()) {
      statement(tokens.take());
    }
    if (version.isEmpty()) {
      throw new PtxException(name, 1, "no .version; it is not PTX");
    }
    return new PtxModule(name, version, target, variables, kernels);
  }

  private void statement(String directive) {
    if (LINKAGE.contains(directive) || directive.equals(";")) {
      return;
    }
    if (SPACES.contains(directive)) {
      variables.add(variable(directive));
      tokens.expect(";");
      return;
    }
    switch (directive) {
      case ".version" -> version = tokens.take();
      case ".target" -> target = tokens.takeLine().getFirst();
      case ".address_size", ".file", ".loc" -> tokens.takeLine();
      case ".section" -> {
        tokens.take();
        tokens.skipBraces();
      }
      case ".entry" -> {
        PtxKernel kernel = kernel();
        kernels.put(kernel.name(), kernel);
      }
      case ".func" ->
          throw new PtxException(
              name, tokens.line(), "device functions must be inlined; calls are not supported");
      default -> throw new PtxException(name, tokens.line(), "unknown directive " + directive);
    }
  }

  private PtxKernel kernel() {
    String kernel = tokens.take();
    List<PtxVariable> parameters = new ArrayList<>();
    if (tokens.takeIf("(")) {
      while (!tokens.takeIf(")")) {
        tokens.expect(".param");
        parameters.add(variable(".param"));
        tokens.takeIf(",");
      }
    }
    while (!tokens.peek().equals("{")) {
      tokens.take();
      tokens.takeLine();
    }
    return new KernelParser(this, tokens, name).kernel(kernel, parameters);
  }

  /** The name of a source file that {@code .loc} refers to by number. */
  String file(String number) {
    return files.getOrDefault(number, "file " + number);
  }

  /** Reads a variable's declaration after its space, up to the comma, bracket or semicolon. */
  PtxVariable variable(String space) {
    int alignment = tokens.takeIf(".align") ? (int) tokens.takeInteger() : 0;
    if (tokens.takeIf(".ptr")) {
      throw new PtxException(name, tokens.line(), "attributes of pointers are not supported");
    }
    PtxType type = type(tokens.take());
    String variable = tokens.take();
    int count = 1;
    while (tokens.takeIf("[")) {
      count *= tokens.peek().equals("]") ? 0 : (int) tokens.takeInteger();
      tokens.expect("]");
    }
    byte[] initial = tokens.takeIf("=") ? initial(type, count) : new byte[0];
    return new PtxVariable(
        variable,
        PtxVariable.Space.valueOf(space.substring(1).toUpperCase(Locale.ROOT)),
        Math.max(alignment, type.bytes()),
        count * type.bytes(),
        new PtxVariable.InitialBytes(initial));
  }

  private byte[] initial(PtxType type, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    boolean braces = tokens.takeIf("{");
    do {
      long value = number(tokens.takeIf("-"));
      byte[] all =
          ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
      bytes.put(Arrays.copyOf(all, type.bytes()));
    } while (tokens.takeIf(","));
    if (braces) {
      tokens.expect("}");
    }
    return bytes.array();
  }

  private PtxType type(String token) {
    int line = tokens.line();
    return PtxType.named(token.substring(1))
        .orElseThrow(() -> new PtxException(name, line, "unknown type " + token));
  }

  /** Reads a number as bits: an integer, or a float's or a double's bits in hexadecimal. */
  long number(boolean negative) {
    String token = tokens.peek();
    if (token.matches("0[fFdD][0-9A-Fa-f]{8,16}")) {
      long bits = Long.parseUnsignedLong(tokens.take().substring(2), 16);
      boolean single = token.charAt(1) == 'f' || token.charAt(1) == 'F';
      return negative ? bits ^ (single ? 1L << 31 : 1L << 63) : bits;
    }
    long value = tokens.takeInteger();
    return negative ? -value : value;
  }
}
