package mechinterp.model;

import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/**
 * The tokens that begin and end texts, as a model's config names them.
 *
 * @param bos ids that begin a text: one or none
 * @param eos ids that end a text
 */
record SpecialIds(List<Integer> bos, List<Integer> eos) {
  /** Copies the lists. */
  SpecialIds {
    bos = List.copyOf(bos);
    eos = List.copyOf(eos);
  }

  /** Returns that a config names none. */
  static SpecialIds none() {
    return new SpecialIds(List.of(), List.of());
  }

  /** Reads {@code bos_token_id} and {@code eos_token_id}, of which a config may have lists. */
  static SpecialIds read(JsonField config) throws FormatException {
    return new SpecialIds(ids(config, "bos_token_id"), ids(config, "eos_token_id"));
  }

  private static List<Integer> ids(JsonField config, String name) throws FormatException {
    JsonField field = config.at(name);
    if (field.isAbsent()) {
      return List.of();
    }
    if (!field.node().isArray()) {
      return List.of(field.count());
    }
    List<Integer> ids = new ArrayList<>();
    for (JsonField id : field.items()) {
      ids.add(id.count());
    }
    return ids;
  }

  /** Returns all of them. */
  List<Integer> all() {
    List<Integer> all = new ArrayList<>(bos);
    all.addAll(eos);
    return all;
  }
}
