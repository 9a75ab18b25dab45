package mechinterp.cuda.ptx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads a kernel's body. Registers of an inner scope hide those of the same name outside. */
final class KernelParser {
  private static final Set<String> SPECIAL =
      Set.of(
          "%tid.x",
          "%tid.y",
          "%tid.z",
          "%ntid.x",
          "%ntid.y",
          "%ntid.z",
          "%ctaid.x",
          "%ctaid.y",
          "%ctaid.z",
          "%nctaid.x",
          "%nctaid.y",
          "%nctaid.z",
          "%laneid",
          "%warpid",
          "%lanemask_lt",
          "%lanemask_le",
          "%lanemask_gt",
          "%lanemask_ge",
          "%lanemask_eq");

  private final PtxParser parser;
  private final Tokens tokens;
  private final String module;
  private final Deque<Scope> scopes = new ArrayDeque<>();
  private final List<PtxVariable> variables = new ArrayList<>();
  private final Map<String, Integer> labels = new HashMap<>();
  private final List<PtxInstruction> instructions = new ArrayList<>();
  private int registers;
  private String source = "";

  KernelParser(PtxParser parser, Tokens tokens, String module) {
    this.parser = parser;
    this.tokens = tokens;
    this.module = module;
  }

  /** The registers that a pair of braces declares: families such as {@code %r<8>}, and names. */
  private static final class Scope {
    final Map<String, Integer> families = new HashMap<>();
    final Map<String, Integer> slots = new HashMap<>();

    boolean declares(String register) {
      int digits = register.length();
      while (digits > 0 && Character.isDigit(register.charAt(digits - 1))) {
        digits--;
      }
      Integer count = families.get(register.substring(0, digits));
      return digits < register.length()
          && count != null
          && Integer.parseInt(register.substring(digits)) < count;
    }
  }

  PtxKernel kernel(String name, List<PtxVariable> parameters) {
    do {
      statement();
    } while (!scopes.isEmpty());
    for (PtxInstruction instruction : instructions) {
      checkTarget(instruction);
    }
    return new PtxKernel(module, name, parameters, variables, registers, labels, instructions);
  }

  private void checkTarget(PtxInstruction instruction) {
    if (instruction.opcode().equals("bra")
        && instruction.operands().getFirst() instanceof PtxOperand.Symbol(String label, long _)
        && !labels.containsKey(label)) {
      throw new PtxException(module, instruction.line(), "no label " + label);
    }
  }

  private void statement() {
    int line = tokens.line();
    String first = tokens.take();
    switch (first) {
      case "{" -> scopes.push(new Scope());
      case "}" -> scopes.pop();
      case ";" -> {}
      case ".reg" -> declareRegisters();
      case ".shared", ".local" -> {
        variables.add(parser.variable(first));
        tokens.expect(";");
      }
      case ".loc" -> {
        List<String> place = tokens.takeLine();
        source = parser.file(place.get(0)) + ":" + place.get(1);
      }
      case ".pragma" -> tokens.takeLine();
      default -> {
        if (tokens.takeIf(":")) {
          labels.put(first, instructions.size());
        } else {
          instruction(first, line);
        }
      }
    }
  }

  private void declareRegisters() {
    tokens.take();
    do {
      String register = tokens.take();
      if (tokens.takeIf("<")) {
        scopes.element().families.put(register, (int) tokens.takeInteger());
        tokens.expect(">");
      } else {
        scopes.element().slots.put(register, registers++);
      }
    } while (tokens.takeIf(","));
    tokens.expect(";");
  }

  private int slot(String register) {
    for (Scope scope : scopes) {
      Integer slot = scope.slots.get(register);
      if (slot != null) {
        return slot;
      }
      if (scope.declares(register)) {
        scope.slots.put(register, registers);
        return registers++;
      }
    }
    throw new PtxException(module, tokens.line(), "no register " + register);
  }

  private boolean isRegister(String name) {
    return scopes.stream().anyMatch(scope -> scope.slots.containsKey(name) || scope.declares(name));
  }

  private void instruction(String first, int line) {
    Optional<PtxInstruction.Guard> guard = Optional.empty();
    String mnemonic = first;
    if (first.equals("@")) {
      boolean negated = tokens.takeIf("!");
      guard = Optional.of(new PtxInstruction.Guard(slot(tokens.take()), negated));
      mnemonic = tokens.take();
    }
    List<PtxOperand> operands = new ArrayList<>();
    while (!tokens.takeIf(";")) {
      operands.add(operand());
      if (!tokens.peek().equals(";")) {
        tokens.expect(",");
      }
    }
    List<String> parts = List.of(mnemonic.split("\\."));
    instructions.add(
        new PtxInstruction(
            parts.getFirst(), parts.subList(1, parts.size()), guard, operands, line, source));
  }

  private PtxOperand operand() {
    if (tokens.takeIf("[")) {
      PtxOperand base = simple();
      long offset = tokens.takeIf("+") ? tokens.takeInteger() : 0;
      tokens.expect("]");
      return new PtxOperand.Address(base, offset);
    }
    if (tokens.takeIf("{")) {
      return vector();
    }
    if (tokens.takeIf("!")) {
      return new PtxOperand.Negated(simple());
    }
    PtxOperand operand = simple();
    if (tokens.takeIf("|")) {
      return new PtxOperand.Pair(operand, simple());
    }
    if (operand instanceof PtxOperand.Symbol(String name, long _) && tokens.takeIf("+")) {
      return new PtxOperand.Symbol(name, tokens.takeInteger());
    }
    return operand;
  }

  private PtxOperand vector() {
    List<PtxOperand> elements = new ArrayList<>();
    do {
      elements.add(simple());
    } while (tokens.takeIf(","));
    tokens.expect("}");
    return new PtxOperand.Vector(elements);
  }

  private PtxOperand simple() {
    boolean negative = tokens.takeIf("-");
    String token = tokens.peek();
    if (negative || Character.isDigit(token.isEmpty() ? ' ' : token.charAt(0))) {
      return new PtxOperand.Immediate(parser.number(negative));
    }
    if (token.equals("WARP_SZ")) {
      tokens.take();
      return new PtxOperand.Immediate(32);
    }
    if (SPECIAL.contains(token)) {
      return new PtxOperand.Special(tokens.take());
    }
    if (token.startsWith("%") || isRegister(token)) {
      return new PtxOperand.Register(slot(tokens.take()));
    }
    return new PtxOperand.Symbol(tokens.take(), 0);
  }
}
