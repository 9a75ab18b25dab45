package mechinterp.model.family;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the files of a family name the canonical weights, and which other tensors may be in them.
 * Inside blocks, both kinds of names go without the block's number.
 */
public final class NameTable {
  private static final Pattern CANONICAL_IN_BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(.+)");

  private final String blockPrefix;
  private final List<String> prefixes;
  private final List<Renaming> renamings;
  private final Map<String, FileWeight> weights;
  private final List<Pattern> harmless;

  /** A part of a name for which older files have another. */
  private record Renaming(Pattern old, String name) {}

  private NameTable(Builder builder) {
    this.blockPrefix = builder.blockPrefix;
    this.prefixes = List.copyOf(builder.prefixes);
    this.renamings = List.copyOf(builder.renamings);
    this.weights = Map.copyOf(builder.weights);
    this.harmless = List.copyOf(builder.harmless);
  }

  /**
   * Begins a table.
   *
   * @param blockPrefix what stands before the number of a block: {@code layers.} for {@code
   *     layers.3.mlp.up_proj.weight}
   */
  public static Builder ofBlocks(String blockPrefix) {
    return new Builder(blockPrefix);
  }

  /**
   * Returns where a canonical weight is.
   *
   * @throws IllegalArgumentException when the family has no such weight
   */
  FileWeight find(String canonical) {
    Matcher inBlock = CANONICAL_IN_BLOCK.matcher(canonical);
    return inBlock.matches()
        ? inBlock(inBlock.group(1), entry(inBlock.group(2)))
        : entry(canonical);
  }

  private FileWeight inBlock(String layer, FileWeight entry) {
    return new FileWeight(
        blockPrefix + layer + "." + entry.tensor(),
        entry.outputsFirst(),
        entry.outputs(),
        entry.added());
  }

  private FileWeight entry(String canonical) {
    return Optional.ofNullable(weights.get(canonical))
        .orElseThrow(() ->
            new IllegalArgumentException(
                "names: this family's files have no %s; they have %s"
                    .formatted(canonical, weights.keySet().stream().sorted().toList())));
  }

  /**
   * Returns the name that this table has for a file's tensor: without the prefix that the model's
   * class put before it, and as newer files spell it.
   */
  String plainName(String tensor) {
    String name =
        prefixes.stream()
            .filter(tensor::startsWith)
            .findFirst()
            .map(prefix -> tensor.substring(prefix.length()))
            .orElse(tensor);
    for (Renaming renaming : renamings) {
      name = renaming.old().matcher(name).replaceAll(renaming.name());
    }
    return name;
  }

  /**
   * Returns whether a tensor that is no weight may be in a file; its name is a {@link #plainName}.
   */
  boolean isHarmless(String tensor) {
    return harmless.stream().anyMatch(pattern -> pattern.matcher(tensor).matches());
  }

  /** Collects the names of a table. */
  public static final class Builder {
    private final String blockPrefix;
    private final List<String> prefixes = new ArrayList<>();
    private final List<Renaming> renamings = new ArrayList<>();
    private final Map<String, FileWeight> weights = new HashMap<>();
    private final List<Pattern> harmless = new ArrayList<>();

    private Builder(String blockPrefix) {
      this.blockPrefix = blockPrefix;
    }

    /** Names prefixes that files may have before the names; the first that fits is taken off. */
    public Builder prefixes(String... names) {
      prefixes.addAll(List.of(names));
      return this;
    }

    /** Says what stands for a part of the names of older files; {@code old} is a regex. */
    public Builder renamed(String old, String name) {
      renamings.add(new Renaming(Pattern.compile(old), name));
      return this;
    }

    /** Names a weight that lies in the file as it is. */
    public Builder same(String canonical, String tensor) {
      return put(canonical, new FileWeight(tensor, false, new Outputs.All(), 0));
    }

    /** Names a matrix that the file holds as [out, in]. */
    public Builder transposed(String canonical, String tensor) {
      return put(canonical, new FileWeight(tensor, true, new Outputs.All(), 0));
    }

    /** Names gain and bias of a norm: {@code NAME.w} is {@code TENSOR.weight}. */
    public Builder norm(String canonical, String tensor) {
      return same(canonical + ".w", tensor + ".weight").same(canonical + ".b", tensor + ".bias");
    }

    /** Names the gain of a norm of which the file holds w - 1. */
    public Builder normLessOne(String canonical, String tensor) {
      return put(canonical + ".w", new FileWeight(tensor + ".weight", false, new Outputs.All(), 1));
    }

    /**
     * Names weight and bias of a linear map: {@code attn.Q} stands for {@code attn.W_Q} and {@code
     * attn.b_Q}, the tensor for {@code TENSOR.weight} [out, in] and {@code TENSOR.bias}.
     */
    public Builder linear(String canonical, String tensor) {
      return linear(canonical, tensor, true, new Outputs.All());
    }

    /**
     * Names weight and bias of a linear map, some of whose tensor's outputs they are.
     *
     * @param outputsFirst whether the tensor is [out, in]
     */
    public Builder linear(String canonical, String tensor, boolean outputsFirst, Outputs outputs) {
      int dot = canonical.lastIndexOf('.') + 1;
      String module = canonical.substring(0, dot);
      String name = canonical.substring(dot);
      return put(module + "W_" + name, new FileWeight(tensor + ".weight", outputsFirst, outputs, 0))
          .put(module + "b_" + name, new FileWeight(tensor + ".bias", false, outputs, 0));
    }

    /**
     * Allows tensors that are no weights.
     *
     * @param regex of the whole name, as {@link #plainName} gives it
     */
    public Builder harmless(String regex) {
      harmless.add(Pattern.compile(regex));
      return this;
    }

    private Builder put(String canonical, FileWeight weight) {
      weights.put(canonical, weight);
      return this;
    }

    /** Returns the table. */
    public NameTable build() {
      return new NameTable(this);
    }
  }
}
