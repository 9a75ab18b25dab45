package mechinterp.tokenizer;

import java.util.List;

/** Cuts text into words, which tokens never cross. */
sealed interface PreTokenizer {
  /** Gives the words of chars {@code from} to {@code to - 1}, of which there is at least one. */
  void split(AlignedText text, int from, int to, WordListener words);

  /** Each step cuts what the one before has cut. */
  record Sequence(List<PreTokenizer> steps) implements PreTokenizer {
    public Sequence {
      steps = List.copyOf(steps);
    }

    @Override
    public void split(AlignedText text, int from, int to, WordListener words) {
      from(0, words).word(text, from, to);
    }

    private WordListener from(int step, WordListener words) {
      if (step == steps.size()) {
        return words;
      }
      WordListener next = from(step + 1, words);
      return (text, from, to) -> steps.get(step).split(text, from, to, next);
    }
  }

  /**
   * Cuts at what a pattern finds.
   *
   * @param pattern what is looked for
   * @param behavior what becomes of it
   * @param invert whether that becomes of everything else instead
   */
  record AtPattern(TextPattern pattern, SplitBehavior behavior, boolean invert)
      implements PreTokenizer {
    @Override
    public void split(AlignedText text, int from, int to, WordListener words) {
      PatternSearch found = pattern.in(text.text()).within(from, to);
      WordJoiner joiner = new WordJoiner(behavior, text, from, words);
      int done = from;
      while (found.find()) {
        if (done < found.start()) {
          joiner.part(done, found.start(), invert);
        }
        joiner.part(found.start(), found.end(), !invert);
        done = found.end();
      }
      if (done < to) {
        joiner.part(done, to, invert);
      }
      joiner.end();
    }
  }

  /**
   * Cuts at characters of a kind.
   *
   * @param kind which characters
   * @param behavior what becomes of them
   */
  record AtCharacters(CharacterKind kind, SplitBehavior behavior) implements PreTokenizer {
    @Override
    public void split(AlignedText text, int from, int to, WordListener words) {
      WordJoiner joiner = new WordJoiner(behavior, text, from, words);
      int done = from;
      int at = from;
      while (at < to) {
        int codePoint = text.text().codePointAt(at);
        int end = at + Character.charCount(codePoint);
        if (kind.has(codePoint)) {
          if (done < at) {
            joiner.part(done, at, false);
          }
          joiner.part(at, end, true);
          done = end;
        }
        at = end;
      }
      if (done < to) {
        joiner.part(done, to, false);
      }
      joiner.end();
    }
  }

  /** Puts a space in front of each word that has none. */
  record LeadingSpace() implements PreTokenizer {
    @Override
    public void split(AlignedText text, int from, int to, WordListener words) {
      if (text.text().charAt(from) == ' ') {
        words.word(text, from, to);
      } else {
        words.word(text.prepended(" ", from, to), 0, 1 + to - from);
      }
    }
  }

  /**
   * Writes spaces as a mark and puts one in front.
   *
   * @param mark what stands for a space, such as U+2581
   * @param prepend which texts get a mark in front
   * @param split whether every mark begins a word
   */
  record Metaspace(char mark, Prepend prepend, boolean split) implements PreTokenizer {
    /** Which texts get a mark in front when they have none. */
    enum Prepend {
      ALWAYS,
      FIRST,
      NEVER
    }

    @Override
    public void split(AlignedText text, int from, int to, WordListener words) {
      char first = text.text().charAt(from);
      boolean prepended =
          first != mark
              && first != ' '
              && switch (prepend) {
                case ALWAYS -> true;
                case FIRST -> text.start(from) == 0;
                case NEVER -> false;
              };
      if (prepended) {
        AlignedText changed = text.prepended(String.valueOf(mark), from, to).replaced(' ', mark);
        give(changed, 0, 1 + to - from, words);
      } else {
        give(text.replaced(' ', mark), from, to, words);
      }
    }

    private void give(AlignedText text, int from, int to, WordListener words) {
      if (!split) {
        words.word(text, from, to);
        return;
      }
      WordJoiner joiner = new WordJoiner(SplitBehavior.MERGED_WITH_NEXT, text, from, words);
      int done = from;
      int at = text.text().indexOf(mark, from);
      while (at >= 0 && at < to) {
        if (done < at) {
          joiner.part(done, at, false);
        }
        joiner.part(at, at + 1, true);
        done = at + 1;
        at = text.text().indexOf(mark, done);
      }
      if (done < to) {
        joiner.part(done, to, false);
      }
      joiner.end();
    }
  }

  /**
   * Cuts before every mark that does not follow another one: only for models none of whose tokens
   * goes on over such a place, so that it changes nothing but the time.
   *
   * @param mark what stands for a space
   */
  record BeforeMarks(char mark) implements PreTokenizer {
    @Override
    public void split(AlignedText text, int from, int to, WordListener words) {
      int start = from;
      int at = text.text().indexOf(mark, from + 1);
      while (at >= 0 && at < to) {
        if (text.text().charAt(at - 1) != mark) {
          words.word(text, start, at);
          start = at;
        }
        at = text.text().indexOf(mark, at + 1);
      }
      words.word(text, start, to);
    }
  }
}
