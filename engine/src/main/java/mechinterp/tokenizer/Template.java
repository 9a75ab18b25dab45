package mechinterp.tokenizer;

import java.util.List;
import java.util.stream.Stream;

/**
 * The tokens around every text.
 *
 * @param before ids in front
 * @param after ids behind
 */
record Template(List<Integer> before, List<Integer> after) {
  static final Template NONE = new Template(List.of(), List.of());

  Template {
    before = List.copyOf(before);
    after = List.copyOf(after);
  }

  int size() {
    return before.size() + after.size();
  }

  /** Returns this template with another one around it. */
  Template within(Template outer) {
    return new Template(
        Stream.concat(outer.before.stream(), before.stream()).toList(),
        Stream.concat(after.stream(), outer.after.stream()).toList());
  }
}
