import Videos

/// The picture that stands for a video.
enum Poster {
    /// Writes `poster.jpg`: the picture at a tenth of the length, at most 5 s in, at most 1,280 wide. Gives
    /// nil where no picture can be decoded; the encode will tell why.
    static func write(_ request: TranscodeRequest) throws -> TranscodeStep? {
        let reader = try StillReader(path: request.source, keyFramesOnly: false)
        let properties = request.properties
        let moment = max(0, min(properties.durationSeconds * 0.1, 5))
        guard let picture = try reader.picture(at: moment) ?? reader.picture(at: 0) else { return nil }
        let size = StillSize(fitting: properties, width: 1_280, height: 2_160)
        let scaler = try Scaler(
            width: size.width, height: size.height, format: .yuvj420p, orientation: reader.orientation)
        let file = request.directory + "/poster.jpg"
        try OutputFile.write([try JPEGEncoder.encode(scaler.convert(picture))], to: file)
        return .poster(file: file, width: size.width, height: size.height)
    }
}

/// The size of a still: even, never enlarged, in the shape of the video.
struct StillSize: Equatable {
    let width: Int
    let height: Int

    init(fitting properties: MediaProperties, width: Int, height: Int) {
        let shown = (width: Double(max(1, properties.width)), height: Double(max(1, properties.height)))
        let scale = min(1, Double(width) / shown.width, Double(height) / shown.height)
        self.width = max(2, Int((shown.width * scale / 2).rounded()) * 2)
        self.height = max(2, Int((shown.height * scale / 2).rounded()) * 2)
    }
}
