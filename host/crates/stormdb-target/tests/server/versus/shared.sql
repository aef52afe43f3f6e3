-- What both sides of a comparison use.
CREATE DOMAIN age AS int4 CHECK (VALUE >= 0);
CREATE DOMAIN ages AS age[];
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION fails(code text, message text, detail text, name text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, DETAIL = detail, CONSTRAINT = name;
END $$;
CREATE FUNCTION notes(value int, times int, length int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    FOR number IN 1..times LOOP
        RAISE NOTICE '% %', number, repeat('n', length);
    END LOOP;
    RETURN value;
END $$;
