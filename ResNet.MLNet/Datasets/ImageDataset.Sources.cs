using Microsoft.ML;

namespace ResNet.MLNet;

/// <content>Where images come from.</content>
public abstract partial class ImageDataset
{
    /// <summary>
    /// Lists the image files of a folder with a subfolder for each class, as torchvision's ImageFolder does: classes and files in ordinal
    /// order, files of deeper folders included. Hidden files and folders are left out.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="labels">
    /// The classes to look for, in their order; null (default) for the names of the subfolders that hold images.
    /// </param>
    /// <param name="note">Receives a message about everything else that is left out; null (default) for none.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">
    /// It holds no class folders with images, or classes that <paramref name="labels"/> lacks; the message names it.
    /// </exception>
    public static ImageDataset FromFolder(string folder, IReadOnlyList<string>? labels = null, Action<string>? note = null) =>
        FolderImages.Open(folder, labels, note);

    /// <summary>
    /// Reads the names of image files from a table: a text file in UTF-8 with a header and a line for each image, whose fields are
    /// separated by commas, semicolons or tabs and quoted as RFC 4180 says. Spaces around a field count in quotes only. Relative paths
    /// start from the table's folder. Whether the image files are there is seen when they are read.
    /// </summary>
    /// <param name="file">The table. Its separator is the one that its header has most of.</param>
    /// <param name="pathColumn">
    /// The column of paths; null (default) for the first of path, imagepath, image, file and filename that is there, in any case and with
    /// or without underscores.
    /// </param>
    /// <param name="labelColumn">
    /// The column of class names; null (default) for the first of label, class and category, found likewise.
    /// </param>
    /// <param name="splitColumn">
    /// The column that says what an image is for (<see cref="SplitOf"/>): train, val or test; null (default) for the column split, if there
    /// is one.
    /// </param>
    /// <param name="labels">The classes in their order; null (default) for those in the table in ordinal order.</param>
    /// <param name="note">
    /// Receives a message about paths with the backslashes of Windows that are read as /; null (default) for none.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The table is not text in UTF-8, lacks a column or has no lines, or a line has no path, no class, a class that <paramref
    /// name="labels"/> lacks, an unknown split or another number of fields than the header; the message names file and line.
    /// </exception>
    public static ImageDataset FromTable(
        string file,
        string? pathColumn = null,
        string? labelColumn = null,
        string? splitColumn = null,
        IReadOnlyList<string>? labels = null,
        Action<string>? note = null) =>
        TableImages.Open(file, new(pathColumn, labelColumn, splitColumn), labels, note);

    /// <summary>
    /// Reads a table as <see cref="FromTable"/> does, whose column of labels holds any number of them, such as <c>beach;sunset</c>: an
    /// image may have several, or none.
    /// </summary>
    /// <param name="file">The table. Its separator is the one that its header has most of; a field that holds it is quoted.</param>
    /// <param name="labelSeparators">The letters that separate labels in their field. Default: ; and |.</param>
    /// <param name="pathColumn">The column of paths; null (default) for a usual name, as for <see cref="FromTable"/>.</param>
    /// <param name="labelColumn">
    /// The column of labels; null (default) for the first of labels, tags, classes, categories, label, class and category.
    /// </param>
    /// <param name="splitColumn">The column that says what an image is for; null (default) for the column split, if there is one.</param>
    /// <param name="labels">The classes in their order; null (default) for the labels in the table in ordinal order.</param>
    /// <param name="note">As for <see cref="FromTable"/>; null (default) for none.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The table cannot be read, as for <see cref="FromTable"/>, or no image has a label; the message names file and line.
    /// </exception>
    /// <exception cref="ArgumentException">There are no separators, or letters or digits among them.</exception>
    public static ImageDataset FromMultiLabelTable(
        string file,
        string labelSeparators = TableColumns.UsualLabelSeparators,
        string? pathColumn = null,
        string? labelColumn = null,
        string? splitColumn = null,
        IReadOnlyList<string>? labels = null,
        Action<string>? note = null) =>
        TableImages.Open(file, new(pathColumn, labelColumn, splitColumn) { LabelSeparators = labelSeparators }, labels, note);

    /// <summary>
    /// Reads a pair of files in the IDX format of MNIST and Fashion-MNIST, plain or gzipped: gray images and their class numbers.
    /// </summary>
    /// <param name="images">The file of images, such as <c>train-images-idx3-ubyte.gz</c>.</param>
    /// <param name="targets">The file of class numbers, such as <c>train-labels-idx1-ubyte.gz</c>.</param>
    /// <param name="labels">The names of the classes; null (default) for their numbers.</param>
    /// <exception cref="FileNotFoundException">One of the files is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the two do not belong together; the message names it.</exception>
    public static ImageDataset FromIdx(string images, string targets, IReadOnlyList<string>? labels = null) =>
        IdxImages.Open(images, targets, labels);

    /// <summary>
    /// Reads a pair of streams in the IDX format of MNIST and Fashion-MNIST, plain or gzipped: gray images and their class numbers.
    /// </summary>
    /// <param name="images">The images.</param>
    /// <param name="imagesName">What they are called in messages.</param>
    /// <param name="targets">The class numbers.</param>
    /// <param name="targetsName">What they are called in messages.</param>
    /// <param name="labels">The names of the classes; null (default) for their numbers.</param>
    /// <exception cref="InvalidDataException">A stream is damaged, or the two do not belong together; the message names it.</exception>
    public static ImageDataset FromIdx(
        Stream images, string imagesName, Stream targets, string targetsName, IReadOnlyList<string>? labels = null) =>
        IdxImages.Read(images, imagesName, targets, targetsName, labels);

    /// <summary>
    /// Reads the binary version of CIFAR-10 or CIFAR-100: color images of 32 x 32 pixels, which are held in memory (3 KB an image).
    /// </summary>
    /// <param name="files">The files, such as data_batch_1.bin to data_batch_5.bin, or train.bin.</param>
    /// <param name="labels">The names of the classes; null (default) for their numbers.</param>
    /// <param name="labelBytes">
    /// Bytes in front of the pixels, of which the last is the class: 1 (default) for CIFAR-10, 2 for CIFAR-100.
    /// </param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or has a label that is not among the classes; the message names it.
    /// </exception>
    public static ImageDataset FromCifar(IReadOnlyList<string> files, IReadOnlyList<string>? labels = null, int labelBytes = 1) =>
        CifarImages.Open(files, labels, labelBytes);

    /// <summary>
    /// Reads the rows of an ML.NET <see cref="IDataView"/>, once. Paths are kept as they are and encoded images as their bytes; an <see
    /// cref="Microsoft.ML.Data.MLImage"/> is copied as pixels, which takes 4 bytes each: 200 KB for 224 x 224. For large data give paths.
    /// </summary>
    /// <param name="data">The rows. Those without a label (a missing key, an empty text) are left out.</param>
    /// <param name="labelColumnName">
    /// The column of classes. A key: the classes are its values in their order, also those that no row has. Text: the classes are the texts
    /// in ordinal order. A vector of text: an image has any number of labels, and rows without one are kept.
    /// </param>
    /// <param name="inputColumnName">
    /// The column of images: text (a path), a vector of bytes (an encoded image) or <see cref="Microsoft.ML.Data.MLImage"/>; null (default)
    /// for the one of ImagePath, Image and ImageBytes that is there.
    /// </param>
    /// <param name="imageFolder">The folder that relative paths start from; null (default) for the current folder.</param>
    /// <param name="labels">
    /// The classes in their order, to which the rows' classes are matched by name; null (default) for those of the column.
    /// </param>
    /// <param name="note">Receives a message about the rows that are left out; null (default) for none.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type; the message names it.</exception>
    /// <exception cref="InvalidDataException">
    /// A row has a class that <paramref name="labels"/> lacks; the message names it.
    /// </exception>
    public static ImageDataset FromDataView(
        IDataView data,
        string labelColumnName = "Label",
        string? inputColumnName = null,
        string? imageFolder = null,
        IReadOnlyList<string>? labels = null,
        Action<string>? note = null) =>
        DataViewImages.Read(data, new(labelColumnName, inputColumnName, imageFolder), labels, note);
}
