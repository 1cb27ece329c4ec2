using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>The transformer for single rows, as PredictionEngine uses it.</summary>
internal sealed class ResNetRowMapper(ResNetTransformer transformer, DataViewSchema inputSchema) : IRowToRowMapper
{
    public DataViewSchema InputSchema => inputSchema;

    public DataViewSchema OutputSchema { get; } = transformer.GetOutputSchema(inputSchema);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var use = ColumnUse.Of(dependingColumns, inputSchema, OutputSchema);
        if (!use.Network) return use.Source;
        return use.Source.Append(transformer.FindInput(inputSchema)).DistinctBy(column => column.Index);
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new MappedRow(transformer, input, OutputSchema, ColumnUse.Of(activeColumns, inputSchema, OutputSchema));

    private sealed class MappedRow : DataViewRow
    {
        private readonly ResNetTransformer _transformer;
        private readonly DataViewRow _input;
        private readonly ColumnUse _use;
        private readonly Action<RowImage>? _readImage;
        private readonly RowSlot _slot;
        private long _position = -1;

        public MappedRow(ResNetTransformer transformer, DataViewRow input, DataViewSchema schema, ColumnUse use)
        {
            _transformer = transformer;
            _input = input;
            _use = use;
            _slot = new(transformer.Width);
            Schema = schema;
            if (use.Network) _readImage = ImageColumn.Reader(input, transformer.FindInput(input.Schema), transformer.Options.ImageFolder);
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => _use.Active[column.Index];

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            _use.EnsureActive(column);
            return column.Index < _input.Schema.Count
                ? _input.GetGetter<TValue>(_input.Schema[column.Index])
                : ScoreGetters.Create<TValue>(_transformer, column, CurrentScores);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) _input.Dispose();
            base.Dispose(disposing);
        }

        private float[] CurrentScores()
        {
            if (_position != _input.Position)
            {
                _slot.Read(_readImage!);
                if (_slot.TryBegin()) RowBatch.Run(_slot.Alone, _transformer, Sharing.Latency);
                _position = _input.Position;
            }

            _slot.ThrowProblem(_transformer.Options, _input.Position);
            return _slot.Scores;
        }
    }
}
