package mechinterp.experiments.run;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.Normalization;
import mechinterp.activation.OutlierLimit;
import mechinterp.activation.Site;
import mechinterp.training.SweepMember;
import mechinterp.training.TrainConfig;

/**
 * Several autoencoders to train in one pass over the same activations: the content of a file of
 * {@code mechinterp train --sweep}.
 *
 * @param normalizeActivations what activations are multiplied with while training
 * @param maxActivationNorm activations longer than this multiple of the median norm are not trained
 *     on; empty to train on all
 * @param bufferTokens tokens that are mixed with each other when activations are streamed from a
 *     model; empty when they come from a store
 * @param dataSeed of the order of the activations
 * @param members what to train and how
 */
public record SweepSettings(
    Normalization.Method normalizeActivations,
    Optional<Double> maxActivationNorm,
    Optional<Integer> bufferTokens,
    long dataSeed,
    List<Member> members) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public SweepSettings {
    maxActivationNorm.ifPresent(OutlierLimit::requireMultiple);
    members = List.copyOf(members);
    long endToEnd = endToEnd(members);
    if (endToEnd > 0 && endToEnd < members.size()) {
      throw new IllegalArgumentException(
          "members.train.end_to_end: %d of %d members have it; all must or none, for its activations come in the order of the text"
              .formatted(endToEnd, members.size()));
    }
  }

  /**
   * One of the autoencoders.
   *
   * @param name of its folder
   * @param hooks the hook points of the activations that it is of, which stand side by side; empty
   *     for all
   * @param sae what kind
   * @param train how it is trained
   */
  public record Member(
      String name, Optional<List<String>> hooks, SaeSettings sae, TrainConfig train) {
    /** Keeps the hook points. */
    public Member {
      hooks = hooks.map(List::copyOf);
    }

    /** One of all hook points. */
    public Member(String name, SaeSettings sae, TrainConfig train) {
      this(name, Optional.empty(), sae, train);
    }

    /**
     * Returns those of the activations' hook points that it is of.
     *
     * @throws IllegalArgumentException when it names others, or they do not stand side by side
     */
    public List<Site> sites(List<Site> all) {
      return hooks.isEmpty() ? all : all.subList(first(all), first(all) + hooks.get().size());
    }

    private int first(List<Site> all) {
      List<String> names = all.stream().map(Site::hook).toList();
      int first = hooks.isEmpty() ? 0 : Collections.indexOfSubList(names, hooks.get());
      if (first < 0 || sitesAreNone()) {
        throw new IllegalArgumentException(
            "members.hooks: are %s of %s, the activations are of %s; they must be some of those, side by side"
                .formatted(hooks.orElse(List.of()), name, names));
      }
      return first;
    }

    private boolean sitesAreNone() {
      return hooks.isPresent() && hooks.get().isEmpty();
    }

    private SweepMember member(List<Site> all) {
      List<Site> own = sites(all);
      int column = all.subList(0, first(all)).stream().mapToInt(Site::width).sum();
      Optional<Integer> firstColumn =
          own.size() == all.size() ? Optional.empty() : Optional.of(column);
      return new SweepMember(name, firstColumn, sae.config(own), train);
    }
  }

  /** Returns these settings for activations that are streamed: with a size of the buffer. */
  public SweepSettings streamed() {
    long tokens = members.stream().mapToLong(member -> member.train().tokens()).max().orElse(0);
    return new SweepSettings(
        normalizeActivations,
        maxActivationNorm,
        DataSettings.streamed(bufferTokens, tokens),
        dataSeed,
        members);
  }

  /**
   * Returns these settings for activations that are stored.
   *
   * @throws IllegalArgumentException when they name a buffer, which has no effect
   */
  public SweepSettings stored() {
    DataSettings.requireNoBuffer(bufferTokens);
    return this;
  }

  /** Returns in which order and scale activations are trained on. */
  public DataSettings data() {
    return new DataSettings(
        normalizeActivations, maxActivationNorm, bufferTokens, dataSeed, endToEnd(members) > 0);
  }

  private static long endToEnd(List<Member> members) {
    return members.stream().filter(member -> member.train().endToEnd().isPresent()).count();
  }

  /** Returns the settings with which {@code mechinterp train} trains a member alone. */
  public TrainSettings alone(Member member) {
    return new TrainSettings(
        member.sae(),
        normalizeActivations,
        maxActivationNorm,
        bufferTokens,
        Optional.of(dataSeed),
        member.train());
  }

  /** Returns the members for activations of some hook points. */
  public List<SweepMember> members(List<Site> sites) {
    return members.stream().map(member -> member.member(sites)).toList();
  }
}
