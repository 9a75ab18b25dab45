package mechinterp.activation;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What activations are of. Two stores may be mixed or compared only when model, hook and tokenizer
 * are the same.
 *
 * @param model the model's name and the hash of its weights
 * @param hook the hook point, such as {@code blocks.3.hook_resid_post}; of several the names,
 *     joined by " + "
 * @param tokenizer the hash of the tokenizer
 * @param text which tokens of which text: the corpus' identity and which tokens were left out
 */
public record ActivationIdentity(String model, String hook, String tokenizer, String text) {
  /**
   * Checks that model, hook and tokenizer are those expected; the text may differ, as it does
   * between training and held-out data.
   *
   * @param what what this identity is of, for the message
   * @throws IllegalArgumentException naming the first field that differs, what it is and what was
   *     expected
   */
  public void requireSameSource(String what, ActivationIdentity expected) {
    requireEqual(what, "model", model, expected.model);
    requireEqual(what, "hook", hook, expected.hook);
    requireEqual(what, "tokenizer", tokenizer, expected.tokenizer);
  }

  /** Returns what the activations of some of its hook points are of. */
  ActivationIdentity at(List<Site> sites) {
    String names = sites.stream().map(Site::hook).collect(Collectors.joining(" + "));
    return new ActivationIdentity(model, names, tokenizer, text);
  }

  private static void requireEqual(String what, String field, String found, String expected) {
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(
          "%s: %s is \"%s\"; expected \"%s\"".formatted(what, field, found, expected));
    }
  }
}
