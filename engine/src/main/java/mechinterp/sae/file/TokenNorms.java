package mechinterp.sae.file;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.kernel.RowNorm;

/** SAELens' names of what each activation is brought to by itself. */
final class TokenNorms {
  private static final Map<String, RowNorm> BY_NAME =
      Map.of("layer_norm", RowNorm.LAYER_NORM, "constant_norm_rescale", RowNorm.CONSTANT_NORM);

  private TokenNorms() {}

  static Optional<RowNorm> ofName(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }

  static List<String> names() {
    return BY_NAME.keySet().stream().sorted().toList();
  }

  static String name(RowNorm norm) {
    return switch (norm) {
      case LAYER_NORM -> "layer_norm";
      case CONSTANT_NORM -> "constant_norm_rescale";
    };
  }
}
