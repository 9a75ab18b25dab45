package mechinterp.model;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a transformer where an activation can be captured or edited. Prints and parses as in
 * TransformerLens: {@code blocks.3.hook_resid_post}, {@code embed.hook_embed}. Which places there
 * are is for the model to say: {@link Transformer#hookPoints()}.
 *
 * <p>Source: TransformerLens, https://github.com/TransformerLensOrg/TransformerLens.
 *
 * @param layer number of the block, from 0 on; empty outside the blocks
 * @param site name inside the block, or the whole name outside the blocks
 */
public record HookPoint(OptionalInt layer, String site) {
  private static final Pattern IN_BLOCK = Pattern.compile("blocks\\.(0|[1-9][0-9]{0,5})\\.(.+)");
  private static final Pattern SITE = Pattern.compile("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*");

  /**
   * Checks the form of the name.
   *
   * @throws IllegalArgumentException when the layer is negative or the site is no dotted name
   */
  public HookPoint {
    boolean outsideButInBlocks = layer.isEmpty() && (site + ".").startsWith("blocks.");
    if (layer.orElse(0) < 0 || !SITE.matcher(site).matches() || outsideButInBlocks) {
      throw new IllegalArgumentException(
          "hook: layer %s, site \"%s\"; expected a name such as blocks.3.hook_resid_post"
              .formatted(
                  layer.isPresent() ? layer.getAsInt() : "none",
                  site.replaceAll("\\p{Cntrl}", "?")));
    }
  }

  /**
   * Reads a name as {@link #toString} prints it.
   *
   * @throws IllegalArgumentException when it has not the form of a hook's name
   */
  public static HookPoint parse(String name) {
    Matcher inBlock = IN_BLOCK.matcher(name);
    return inBlock.matches()
        ? inBlock(Integer.parseInt(inBlock.group(1)), inBlock.group(2))
        : outside(name);
  }

  /** Returns a place in a block. */
  public static HookPoint inBlock(int layer, String site) {
    return new HookPoint(OptionalInt.of(layer), site);
  }

  /** Returns a place outside the blocks. */
  public static HookPoint outside(String site) {
    return new HookPoint(OptionalInt.empty(), site);
  }

  /** Returns the residual stream as it enters block {@code layer}. */
  public static HookPoint residPre(int layer) {
    return inBlock(layer, "hook_resid_pre");
  }

  /** Returns the residual stream after attention of block {@code layer}. */
  public static HookPoint residMid(int layer) {
    return inBlock(layer, "hook_resid_mid");
  }

  /** Returns the residual stream after the feed-forward layer of block {@code layer}. */
  public static HookPoint residPost(int layer) {
    return inBlock(layer, "hook_resid_post");
  }

  /** Returns the output of block {@code layer} where a layer norm follows the last addition. */
  public static HookPoint normalizedResidPost(int layer) {
    return inBlock(layer, "hook_normalized_resid_post");
  }

  /** Returns what attention of block {@code layer} adds to the residual stream. */
  public static HookPoint attnOut(int layer) {
    return inBlock(layer, "hook_attn_out");
  }

  /** Returns what the feed-forward layer of block {@code layer} adds to the residual stream. */
  public static HookPoint mlpOut(int layer) {
    return inBlock(layer, "hook_mlp_out");
  }

  /**
   * Returns what the feed-forward layer of block {@code layer} reads of the residual stream, before
   * its norm.
   */
  public static HookPoint mlpIn(int layer) {
    return inBlock(layer, "hook_mlp_in");
  }

  @Override
  public String toString() {
    return layer.isPresent() ? "blocks." + layer.getAsInt() + "." + site : site;
  }
}
