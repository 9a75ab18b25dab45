package mechinterp.training;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * All ways to change one setting of a record of settings, however deep it lies: numbers become a
 * fifth less, a choice each of the others, a list one shorter, what is there goes away.
 */
final class Variants {
  private Variants() {}

  /**
   * The record with one setting changed.
   *
   * @param path the setting's components, with dots between
   * @param change what it is changed to
   * @param make makes the record, or throws what its constructor throws
   */
  record Variant(String path, Object change, Supplier<Object> make) {
    @Override
    public String toString() {
      return path + " = " + change;
    }
  }

  /** Returns the variants of a record; a component of a type that is not known is refused. */
  static List<Variant> of(Record record) {
    return of(record, Set.of());
  }

  /**
   * Returns the variants of a record.
   *
   * @param absent components that need not be there, however deep they lie
   */
  static List<Variant> of(Record record, Set<String> absent) {
    List<Variant> variants = new ArrayList<>();
    RecordComponent[] components = record.getClass().getRecordComponents();
    Object[] values = Arrays.stream(components).map(each -> value(each, record)).toArray();
    for (int i = 0; i < components.length; i++) {
      int index = i;
      if (absent.contains(components[i].getName()) && values[i].equals(Optional.empty())) {
        continue;
      }
      changes(
          components[i].getName(),
          values[i],
          absent,
          variant ->
              variants.add(
                  new Variant(
                      variant.path(),
                      variant.change(),
                      () -> with(record.getClass(), components, values, index, variant.make()))));
    }
    return variants;
  }

  private static Object value(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object with(
      Class<?> type,
      RecordComponent[] components,
      Object[] values,
      int index,
      Supplier<Object> change) {
    Object[] changed = values.clone();
    changed[index] = change.get();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(changed);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void changes(String path, Object value, Set<String> absent, Consumer<Variant> to) {
    switch (value) {
      case Integer number -> add(path, (int) (number * 0.8), to);
      case Long number -> add(path, number < 5 ? number + 1 : (long) (number * 0.8), to);
      case Double number -> add(path, number * 0.8, to);
      case Boolean truth -> add(path, !truth, to);
      case Enum<?> choice ->
          Arrays.stream(choice.getDeclaringClass().getEnumConstants())
              .filter(other -> other != choice)
              .forEach(other -> add(path, other, to));
      case Optional<?> optional -> {
        Object inner =
            optional.orElseThrow(
                () -> new IllegalStateException(path + " must be there to be changed"));
        add(path, Optional.empty(), to);
        changes(
            path,
            inner,
            absent,
            variant ->
                to.accept(
                    new Variant(
                        variant.path(),
                        variant.change(),
                        () -> Optional.of(variant.make().get()))));
      }
      case List<?> list -> {
        add(path, list.subList(0, list.size() - 1), to);
        changes(
            path,
            list.getLast(),
            absent,
            variant ->
                to.accept(
                    new Variant(
                        path,
                        variant.change(),
                        () -> {
                          List<Object> changed = new ArrayList<>(list);
                          changed.set(list.size() - 1, variant.make().get());
                          return changed;
                        })));
      }
      case Record inner ->
          of(inner, absent)
              .forEach(variant ->
                  to.accept(
                      new Variant(path + "." + variant.path(), variant.change(), variant.make())));
      default -> throw new IllegalStateException(path + " is of an unknown type");
    }
  }

  private static void add(String path, Object change, Consumer<Variant> to) {
    to.accept(new Variant(path, change, () -> change));
  }
}
