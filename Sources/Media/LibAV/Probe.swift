import CLibAV
import CMediaShim
package import Videos

/// Looks at a source file without decoding all of it.
package enum Probe {
    /// Throws `MediaFailure`.
    package static func properties(of path: String) throws -> MediaProperties {
        do {
            return try properties(try Demuxer(path: path))
        } catch let error as LibAVError {
            throw MediaFailure.from(error)
        }
    }

    private static func properties(_ demuxer: Demuxer) throws -> MediaProperties {
        guard let stream = demuxer.videoStream else {
            throw MediaFailure(.noVideoStream, "The file holds no moving picture.")
        }
        let parameters = stream.pointee.codecpar.pointee
        let codec = String(cString: avcodec_get_name(parameters.codec_id))
        guard (try? Decoder.accepted(parameters.codec_id)) != nil, parameters.width > 0, parameters.height > 0
        else {
            throw MediaFailure(
                .unsupportedCodec, "The picture is stored as “\(codec)”, which cannot be read.")
        }
        let orientation = Orientation(stream: stream)
        let size = shownSize(stream, demuxer: demuxer, orientation: orientation)
        let claimed = claimedDuration(stream, demuxer)
        // Browsers record WebM without a duration. Reading without decoding is fast.
        let survey = try RateSurvey(stream, demuxer: demuxer, toTheEnd: claimed == nil)
        let rate = survey.isVariable ? survey.average ?? frameRate(stream) : frameRate(stream)
        return MediaProperties(
            container: container(demuxer), durationSeconds: claimed ?? survey.length ?? 0,
            width: size.width, height: size.height, frameRate: rate,
            isVariableFrameRate: survey.isVariable, videoCodec: codec,
            bitDepth: bitDepth(parameters.format), rotation: orientation.rotation,
            audioTracks: demuxer.streams.compactMap(audioTrack))
    }

    private static func container(_ demuxer: Demuxer) -> String {
        let names = String(cString: demuxer.raw.pointee.iformat.pointee.name)
        guard names.hasPrefix("mov,") else { return String(names.prefix { $0 != "," }) }
        let brand = av_dict_get(demuxer.raw.pointee.metadata, "major_brand", nil, 0)
        return brand.map { String(cString: $0.pointee.value) } == "qt  " ? "mov" : "mp4"
    }

    private static func shownSize(
        _ stream: UnsafeMutablePointer<AVStream>, demuxer: Demuxer, orientation: Orientation
    ) -> (width: Int, height: Int) {
        let parameters = stream.pointee.codecpar.pointee
        var width = Int(parameters.width)
        let aspect = av_guess_sample_aspect_ratio(demuxer.raw, stream, nil)
        if aspect.num > 0, aspect.den > 0, (0.1...10).contains(av_q2d(aspect)) {
            width = max(1, Int((Double(width) * av_q2d(aspect)).rounded()))
        }
        let height = Int(parameters.height)
        return orientation.swapsAxes ? (height, width) : (width, height)
    }

    private static func frameRate(_ stream: UnsafeMutablePointer<AVStream>) -> Fraction {
        let known = [stream.pointee.avg_frame_rate, stream.pointee.r_frame_rate].first {
            $0.num > 0 && $0.den > 0 && (0.01...1_000).contains(av_q2d($0))
        }
        return known.map { Fraction(Int($0.num), Int($0.den)) } ?? Fraction(25, 1)
    }

    private static func bitDepth(_ format: Int32) -> Int {
        guard let descriptor = av_pix_fmt_desc_get(AVPixelFormat(rawValue: format)) else { return 8 }
        return Int(descriptor.pointee.comp.0.depth)
    }

    private static func audioTrack(_ stream: UnsafeMutablePointer<AVStream>) -> MediaProperties.AudioTrack? {
        let parameters = stream.pointee.codecpar.pointee
        guard parameters.codec_type == AVMEDIA_TYPE_AUDIO, parameters.sample_rate > 0,
            parameters.ch_layout.nb_channels > 0, (try? Decoder.accepted(parameters.codec_id)) != nil
        else { return nil }
        let tag = av_dict_get(stream.pointee.metadata, "language", nil, 0).map {
            String(cString: $0.pointee.value)
        }
        return MediaProperties.AudioTrack(
            stream: Int(stream.pointee.index), codec: String(cString: avcodec_get_name(parameters.codec_id)),
            channels: Int(parameters.ch_layout.nb_channels), sampleRate: Int(parameters.sample_rate),
            language: tag.flatMap(LanguageTag.normalised))
    }

    /// Nil where the file does not say.
    private static func claimedDuration(_ stream: UnsafeMutablePointer<AVStream>, _ demuxer: Demuxer)
        -> Double?
    {
        if stream.pointee.duration != media_no_timestamp(), stream.pointee.duration > 0 {
            return Double(stream.pointee.duration) * av_q2d(stream.pointee.time_base)
        }
        let whole = demuxer.raw.pointee.duration
        return whole != media_no_timestamp() && whole > 0 ? Double(whole) / Double(AV_TIME_BASE) : nil
    }
}
