namespace ResNet.Training;

/// <summary>Whether a trained network can teach what a run learns, and which of its classes are the run's.</summary>
internal static class TeacherFit
{
    /// <summary>Checks that a teacher and a recipe go together.</summary>
    /// <param name="teacher">The teacher; null for none.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="labels">The classes that the run learns.</param>
    /// <exception cref="ArgumentException">They do not; the message says why.</exception>
    public static void Check(StartingPoint? teacher, TrainingRecipe recipe, IReadOnlyList<string> labels)
    {
        if (teacher is null)
        {
            if (recipe.Distillation is null) return;
            throw new ArgumentException($"A recipe with {nameof(recipe.Distillation)} needs a teacher.");
        }

        if (recipe.Epochs == 0)
            throw new ArgumentException($"The teacher '{teacher.Name}' teaches in epochs, and with 0 of them only a new head is trained.");
        if (recipe.LogitAdjustment > 0)
        {
            throw new ArgumentException(
                $"The teacher '{teacher.Name}' says how frequent classes are, which {nameof(recipe.LogitAdjustment)} takes away: use one " +
                "of them.");
        }

        var (own, wanted) = (teacher.Preprocessing.Crop, recipe.Preprocessing.Crop);
        if (own != wanted)
        {
            throw new ArgumentException(
                $"The teacher '{teacher.Name}' sees {own} x {own} pixels, and the recipe's images have {wanted} x {wanted}. Both see the " +
                $"same image: train with {nameof(recipe.Preprocessing)}.{nameof(recipe.Preprocessing.Crop)} = {own}, or choose another " +
                "teacher.");
        }

        var function = TrainingPlan.ScoreFunctionOf(recipe);
        if (teacher.ScoreFunction != function)
        {
            throw new ArgumentException(
                $"The teacher '{teacher.Name}' has a {teacher.ScoreFunction} over its scores, and this run trains for a {function}. " +
                $"Their probabilities are not comparable: choose another {nameof(recipe.Loss)} or another teacher.");
        }

        ClassesOf(teacher, labels);
    }

    /// <summary>Which of a teacher's classes each of a run's classes is, by their names.</summary>
    /// <exception cref="ArgumentException">The teacher lacks some, or its classes are not known.</exception>
    public static long[] ClassesOf(StartingPoint teacher, IReadOnlyList<string> labels)
    {
        if (teacher.Labels is not { } known)
        {
            throw new ArgumentException(
                $"The classes of the teacher '{teacher.Name}' are not known, so they cannot be matched by name: import it with labels.");
        }

        var numbers = new ClassNumbers(known);
        string[] missing = [.. labels.Where(label => numbers.Find(label) is null)];
        if (missing.Length == 0) return [.. labels.Select(label => (long)numbers.Find(label)!.Value)];
        var some = string.Join(", ", missing.Take(5).Select(label => $"'{label}'"));
        var others = missing.Length > 5 ? $" and {missing.Length - 5} more" : "";
        throw new ArgumentException(
            $"The teacher '{teacher.Name}' does not know {some}{others}. It has to have all classes of the data, under the same names: " +
            "train it on them first.");
    }
}
